package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
)

const (
	// Requests that are written at once.
	mostBatch = 500
	// Requests that wait to be written while the database is away; about 30 MiB.
	mostBacklog = 100_000
	settleRetry = 500 * time.Millisecond
	settleTime  = 10 * time.Second
)

// settler writes what requests used, in the background: several at once where several have ended, and later where the database is away.
type settler struct {
	store interface {
		Settle(context.Context, []store.Usage) error
		Renew(context.Context, []store.ID) error
	}
	mutex   sync.Mutex
	running map[store.ID]bool // admitted and not written yet
	backlog []store.Usage
	lost    int
	work    chan struct{}
	writing sync.Mutex
}

func newSettler(database *store.Store) *settler {
	return &settler{store: database, running: map[store.ID]bool{}, work: make(chan struct{}, 1)}
}

func (s *settler) started(id store.ID) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.running[id] = true
}

// forget a request that was not admitted.
func (s *settler) forget(id store.ID) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.running, id)
}

// ended request: what it used is written soon.
func (s *settler) ended(used store.Usage) {
	s.mutex.Lock()
	if len(s.backlog) == mostBacklog {
		s.lost++
		delete(s.running, s.backlog[0].ID)
		s.backlog = s.backlog[1:]
	}
	s.backlog = append(s.backlog, used)
	s.mutex.Unlock()
	select {
	case s.work <- struct{}{}:
	default:
	}
}

// run until the context ends. Reservations are renewed each `period`.
func (s *settler) run(ctx context.Context, period time.Duration) {
	go func() {
		for pause(ctx, period); ctx.Err() == nil; pause(ctx, period) {
			s.renew(ctx)
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.work:
		}
		for s.waiting() > 0 && ctx.Err() == nil {
			if !s.write(ctx) {
				pause(ctx, settleRetry)
			}
		}
	}
}

// flush what waits until the limit has passed. True: all is written.
func (s *settler) flush(limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for s.inFlight()+s.waiting() > 0 && ctx.Err() == nil {
		if s.waiting() == 0 || !s.write(ctx) {
			pause(ctx, settleRetry/10)
		}
	}
	return s.waiting() == 0
}

// write the next batch. False: it is to be tried again.
func (s *settler) write(ctx context.Context) bool {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mutex.Lock()
	batch := append([]store.Usage(nil), s.backlog[:min(len(s.backlog), mostBatch)]...)
	s.mutex.Unlock()
	if len(batch) == 0 {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	if err := s.store.Settle(ctx, batch); err != nil {
		slog.Warn("usage was not written yet", "requests", s.waiting(), "error", err.Error())
		return false
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	written := make(map[store.ID]bool, len(batch))
	for _, one := range batch {
		written[one.ID] = true
		delete(s.running, one.ID)
	}
	for len(s.backlog) > 0 && written[s.backlog[0].ID] { // some may have been put out since
		s.backlog = s.backlog[1:]
	}
	return true
}

func (s *settler) renew(ctx context.Context) {
	s.mutex.Lock()
	ids := make([]store.ID, 0, len(s.running))
	for id := range s.running {
		ids = append(ids, id)
	}
	s.mutex.Unlock()
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	if err := s.store.Renew(ctx, ids); err != nil {
		slog.Warn("reservations were not renewed", "error", err.Error())
	}
}

func (s *settler) waiting() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.backlog)
}

// inFlight is how many requests run.
func (s *settler) inFlight() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return max(len(s.running)-len(s.backlog), 0)
}

func (s *settler) lostCount() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.lost
}
