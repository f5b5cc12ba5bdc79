package gateway

import "sync"

// expected time of GPUs that a request takes, by model, as those before it did: what it will cost is known only when it has ended.
type expected struct {
	mutex   sync.Mutex
	seconds map[string]float64
}

// Weight of the newest request.
const newest = 0.1

func newExpected() *expected { return &expected{seconds: map[string]float64{}} }

func (e *expected) of(model string) float64 {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.seconds[model]
}

func (e *expected) learn(model string, seconds float64) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	before, known := e.seconds[model]
	if !known {
		before = seconds
	}
	e.seconds[model] = before + (seconds-before)*newest
}
