package router

import (
	"container/list"
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

var (
	errFull = errors.New("the queue is full")
	errWait = errors.New("no replica had room in time")
)

// Names that replicas said they serve are kept as labels, up to so many.
const mostLabels = 64

// pool is the replicas and the requests that wait for one, in the order in which they came.
type pool struct {
	most int // that wait

	mutex    sync.Mutex
	replicas map[netip.AddrPort]*replica
	waiting  list.List // of *waiter
	labels   map[string]string
	found    func(*replica) // told of each new replica, to look after it
	learned  func(string)   // told of each new label
}

type waiter struct {
	model string // canonical
	avoid *replica
	// any replica that is ready will do, whether it has room or not
	light  bool
	chosen chan *replica
}

func newPool(most int) *pool {
	return &pool{most: most, replicas: map[netip.AddrPort]*replica{}, labels: map[string]string{}, found: func(*replica) {}, learned: func(string) {}}
}

// acquire waits for a replica, which has to be released. A request that was sent back waits at the front, and is never refused for its number.
// Errors: errFull, errWait, or the context's.
func (p *pool) acquire(ctx context.Context, w *waiter, again bool, until time.Time) (*replica, error) {
	place, chosen, err := p.enter(w, again)
	if place == nil {
		return chosen, err
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case chosen := <-w.chosen:
		return chosen, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = errWait
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	select {
	case chosen := <-w.chosen: // in the same moment
		p.put(chosen)
	default:
		p.waiting.Remove(place)
	}
	return nil, err
}

func (p *pool) enter(w *waiter, again bool) (*list.Element, *replica, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	// Who came first goes first; a light one takes no room from anyone.
	if again || w.light || p.waiting.Len() == 0 {
		if chosen := p.choose(w); chosen != nil {
			chosen.own++
			return nil, chosen, nil
		}
	}
	if !again && p.waiting.Len() >= p.most {
		return nil, nil, errFull
	}
	w.chosen = make(chan *replica, 1)
	if again {
		return p.waiting.PushFront(w), nil, nil
	}
	return p.waiting.PushBack(w), nil, nil
}

// choose the best replica; nil: there is none with room.
func (p *pool) choose(w *waiter) *replica {
	var best *replica
	ties := 0
	for _, one := range p.replicas {
		if !one.ready() || !w.light && !one.room() {
			continue
		}
		if best == nil {
			best, ties = one, 1
			continue
		}
		better, equal := one.better(best, w.model, w.avoid)
		if equal {
			ties++ // each of n equals with the same chance: several routers should not all take the same
			better = rand.IntN(ties) == 0
		} else if better {
			ties = 1
		}
		if better {
			best = one
		}
	}
	return best
}

// dispatch gives replicas to those who wait, in order; called with the lock held whenever there may be room.
func (p *pool) dispatch() {
	for first := p.waiting.Front(); first != nil; {
		next := first.Next()
		w := first.Value.(*waiter)
		chosen := p.choose(w)
		if chosen != nil {
			chosen.own++
			p.waiting.Remove(first)
			w.chosen <- chosen
		} else if !w.light {
			return // nor has anyone else room
		}
		first = next
	}
}

// release a replica whose request has ended.
func (p *pool) release(one *replica) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.put(one)
}

func (p *pool) put(one *replica) {
	one.own--
	p.forget(one)
	p.dispatch()
}

// forget a replica that is listed no more, when its last stream has ended.
func (p *pool) forget(one *replica) {
	if !one.listed && one.own == 0 && p.replicas[one.address] == one {
		delete(p.replicas, one.address)
		one.cancel()
	}
}
