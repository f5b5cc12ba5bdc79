package gateway

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
)

// ledger is a database that can be away.
type ledger struct {
	mutex   sync.Mutex
	away    bool
	written []store.Usage
	renewed []store.ID
}

func (l *ledger) Settle(_ context.Context, batch []store.Usage) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.away {
		return errors.New("away")
	}
	l.written = append(l.written, batch...)
	return nil
}

func (l *ledger) Renew(_ context.Context, ids []store.ID) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.renewed = ids
	return nil
}

func (l *ledger) set(away bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.away = away
}

func newTestSettler(database *ledger) *settler {
	return &settler{store: database, running: map[store.ID]bool{}, work: make(chan struct{}, 1)}
}

func TestWhatEndsWhileTheDatabaseIsAwayIsWrittenLater(t *testing.T) {
	database := &ledger{away: true}
	s := newTestSettler(database)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go s.run(ctx, time.Hour)
	for range mostBatch + 7 {
		id := store.NewID()
		s.started(id)
		s.ended(store.Usage{ID: id})
	}
	running := store.NewID()
	s.started(running)
	if s.waiting() != mostBatch+7 || s.inFlight() != 1 {
		t.Errorf("%d wait, %d run", s.waiting(), s.inFlight())
	}
	database.set(false)
	if s.flush(50*time.Millisecond) != true || len(database.written) != mostBatch+7 {
		t.Errorf("%d are written", len(database.written))
	}
	s.renew(ctx)
	if len(database.renewed) != 1 || database.renewed[0] != running {
		t.Errorf("renewed %v", database.renewed)
	}
}

func TestFlushGivesUpInTime(t *testing.T) {
	s := newTestSettler(&ledger{away: true})
	s.ended(store.Usage{ID: store.NewID()})
	if s.flush(20 * time.Millisecond) {
		t.Error("it is written?")
	}
}

func TestTheBacklogIsBounded(t *testing.T) {
	database := &ledger{away: true}
	s := newTestSettler(database)
	first := store.NewID()
	s.started(first)
	s.ended(store.Usage{ID: first})
	for range mostBacklog {
		s.ended(store.Usage{ID: store.NewID()})
	}
	if s.waiting() != mostBacklog || s.lostCount() != 1 || s.running[first] {
		t.Errorf("%d wait, %d are lost", s.waiting(), s.lostCount())
	}
}

func TestExpectationFollowsSlowly(t *testing.T) {
	e := newExpected()
	e.learn("a", 10)
	e.learn("a", 20)
	if got := e.of("a"); got != 11 || e.of("b") != 0 {
		t.Errorf("got %v", got)
	}
}
