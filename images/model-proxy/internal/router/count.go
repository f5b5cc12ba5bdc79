package router

// inFlight is how many requests replicas work on for us.
func (p *pool) inFlight() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	sum := 0
	for _, one := range p.replicas {
		sum += one.own
	}
	return sum
}

func (p *pool) queued() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.waiting.Len()
}

// states counts the replicas that are listed, by state.
func (p *pool) states() map[string]int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	count := map[string]int{"ready": 0, "draining": 0, "unreachable": 0}
	for _, one := range p.replicas {
		if one.listed {
			count[one.state()]++
		}
	}
	return count
}
