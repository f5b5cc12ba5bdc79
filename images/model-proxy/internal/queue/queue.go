// Package queue lets so many requests work at the same time, and others wait in the order in which they came.
package queue

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

var (
	// ErrFull: as many wait as may.
	ErrFull = errors.New("the queue is full")
	// ErrDraining: no request is taken any more.
	ErrDraining = errors.New("draining")
)

// Queue of requests before a number of slots.
type Queue struct {
	slots, most int

	mutex    sync.Mutex
	busy     int
	waiting  list.List // of chan error
	draining bool
	idle     chan struct{} // closed when draining and nothing works
}

// New lets `slots` work and `most` wait.
func New(slots, most int) *Queue {
	return &Queue{slots: slots, most: most, idle: make(chan struct{})}
}

// Acquire waits for a slot, which has to be released. Errors: ErrFull, ErrDraining (those that wait get it too), or the context's.
func (q *Queue) Acquire(ctx context.Context) error {
	turn, err := q.enter()
	if turn == nil {
		return err
	}
	select {
	case err := <-turn.Value.(chan error):
		return err
	case <-ctx.Done():
	}
	q.mutex.Lock()
	defer q.mutex.Unlock()
	select {
	case err := <-turn.Value.(chan error): // it got its slot in the same moment
		if err == nil {
			q.next()
		}
	default:
		q.waiting.Remove(turn)
	}
	return ctx.Err()
}

// enter gives a slot at once (nil, nil), refuses (nil, error), or gives a place in the queue.
func (q *Queue) enter() (*list.Element, error) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	switch {
	case q.draining:
		return nil, ErrDraining
	case q.busy < q.slots:
		q.busy++
		return nil, nil
	case q.waiting.Len() >= q.most:
		return nil, ErrFull
	}
	return q.waiting.PushBack(make(chan error, 1)), nil
}

// Release gives the slot to who waits longest.
func (q *Queue) Release() {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.next()
}

func (q *Queue) next() {
	if first := q.waiting.Front(); first != nil {
		q.waiting.Remove(first)
		first.Value.(chan error) <- nil
		return
	}
	q.busy--
	q.settle()
}

func (q *Queue) settle() {
	if !q.draining || q.busy > 0 {
		return
	}
	select {
	case <-q.idle:
	default:
		close(q.idle)
	}
}

// Drain takes no request any more, and sends away those that wait. What it returns is closed when the last one that works has ended.
func (q *Queue) Drain() <-chan struct{} {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.draining = true
	for first := q.waiting.Front(); first != nil; first = q.waiting.Front() {
		q.waiting.Remove(first)
		first.Value.(chan error) <- ErrDraining
	}
	q.settle()
	return q.idle
}

// Stats of a moment.
type Stats struct {
	Busy, Waiting int
	Draining      bool
}

// Stats of now.
func (q *Queue) Stats() Stats {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	return Stats{Busy: q.busy, Waiting: q.waiting.Len(), Draining: q.draining}
}
