package queue

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

func TestInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(2, 10)
		var mutex sync.Mutex
		var order []int
		for i := range 2 {
			if err := q.Acquire(t.Context()); err != nil {
				t.Fatal(i, err)
			}
		}
		for i := range 5 {
			go func() {
				if q.Acquire(t.Context()) == nil {
					mutex.Lock()
					order = append(order, i)
					mutex.Unlock()
				}
			}()
			synctest.Wait()
		}
		for range 5 {
			q.Release()
			synctest.Wait()
		}
		for i, got := range order {
			if got != i {
				t.Fatalf("order %v", order)
			}
		}
		if stats := q.Stats(); len(order) != 5 || stats.Busy != 2 || stats.Waiting != 0 {
			t.Errorf("order %v, %+v", order, stats)
		}
	})
}

func TestFull(t *testing.T) {
	q := New(1, 0)
	if err := q.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := q.Acquire(t.Context()); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
}

func TestWhoGoesAwayLeavesNoHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(1, 10)
		_ = q.Acquire(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 1)
		go func() { results <- q.Acquire(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		q.Release()
		if stats := q.Stats(); stats.Busy != 0 || stats.Waiting != 0 {
			t.Errorf("%+v", stats)
		}
	})
}

// A slot that is given in the very moment in which its request goes away is not lost.
func TestNoSlotIsLost(t *testing.T) {
	q := New(1, 1000)
	var all sync.WaitGroup
	for range 1000 {
		all.Add(1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer all.Done()
			if q.Acquire(ctx) == nil {
				q.Release()
			}
		}()
		go cancel()
	}
	all.Wait()
	if stats := q.Stats(); stats.Busy != 0 || stats.Waiting != 0 {
		t.Errorf("%+v", stats)
	}
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(1, 10)
		_ = q.Acquire(t.Context())
		results := make(chan error, 1)
		go func() { results <- q.Acquire(t.Context()) }()
		synctest.Wait()
		idle := q.Drain()
		if err := <-results; !errors.Is(err, ErrDraining) {
			t.Errorf("who waited got %v", err)
		}
		if err := q.Acquire(t.Context()); !errors.Is(err, ErrDraining) {
			t.Errorf("who came got %v", err)
		}
		select {
		case <-idle:
			t.Error("it is idle while one works")
		default:
		}
		q.Release()
		<-idle
		<-q.Drain() // a second time is no other
	})
}
