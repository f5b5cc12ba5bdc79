package router

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

var (
	first  = netip.MustParseAddrPort("10.0.0.1:11434")
	second = netip.MustParseAddrPort("10.0.0.2:11434")
)

// withReplicas makes a pool of replicas with the given statuses.
func withReplicas(most int, statuses map[netip.AddrPort]Status) *pool {
	p := newPool(most)
	var addresses []netip.AddrPort
	for address := range statuses {
		addresses = append(addresses, address)
	}
	p.list(addresses)
	for address, status := range statuses {
		p.look(p.replicas[address], &status, false)
	}
	return p
}

func ready(slots int, models ...string) Status {
	return Status{Slots: slots, Up: true, Models: models, Pool: []string{"tiny:1"}}
}

func take(t *testing.T, p *pool, w *waiter) *replica {
	t.Helper()
	chosen, err := p.acquire(t.Context(), w, false, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return chosen
}

func tiny() *waiter { return &waiter{model: "tiny:1"} }

func TestTheReplicaThatHasTheModelComesFirst(t *testing.T) {
	p := withReplicas(10, map[netip.AddrPort]Status{first: ready(4), second: ready(4, "Tiny:1")})
	for range 4 {
		if chosen := take(t, p, tiny()); chosen.address != second {
			t.Fatalf("got %v", chosen.address)
		}
	}
	if chosen := take(t, p, tiny()); chosen.address != first {
		t.Errorf("the other one has room: got %v", chosen.address)
	}
}

func TestThenTheFewestInFlight(t *testing.T) {
	busy := ready(4, "tiny:1")
	busy.InFlight, busy.Queued = 2, 1 // of another router
	p := withReplicas(10, map[netip.AddrPort]Status{first: busy, second: ready(4, "tiny:1")})
	for range 3 {
		if chosen := take(t, p, tiny()); chosen.address != second {
			t.Fatalf("got %v", chosen.address)
		}
	}
}

func TestEqualsAreTakenInTurnByChance(t *testing.T) {
	seen := map[netip.AddrPort]int{}
	for range 200 {
		p := withReplicas(10, map[netip.AddrPort]Status{first: ready(4), second: ready(4)})
		seen[take(t, p, tiny()).address]++
	}
	if seen[first] < 50 || seen[second] < 50 {
		t.Errorf("got %v", seen)
	}
}

func TestWhoIsNotReadyGetsNothing(t *testing.T) {
	draining, down := ready(4), ready(4)
	draining.Draining, down.Up = true, false
	for name, status := range map[string]Status{"draining": draining, "down": down} {
		p := withReplicas(0, map[netip.AddrPort]Status{first: status})
		if _, err := p.acquire(t.Context(), tiny(), false, time.Now()); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	p := newPool(0)
	p.list([]netip.AddrPort{first}) // it has not said anything yet
	if _, err := p.acquire(t.Context(), tiny(), false, time.Now()); !errors.Is(err, errFull) {
		t.Errorf("unknown: got %v", err)
	}
}

func TestRequestsWaitInOrderForRoomOrForAReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(3)
		order := make(chan int, 3)
		for i := range 3 {
			go func() {
				if _, err := p.acquire(t.Context(), tiny(), false, time.Now().Add(time.Minute)); err == nil {
					order <- i
				}
			}()
			synctest.Wait()
		}
		if _, err := p.acquire(t.Context(), tiny(), false, time.Now().Add(time.Minute)); !errors.Is(err, errFull) {
			t.Errorf("the fourth: got %v", err)
		}
		p.list([]netip.AddrPort{first})
		one := p.replicas[first]
		status := ready(1, "tiny:1")
		p.look(one, &status, false)
		for wanted := range 3 {
			synctest.Wait()
			if got := <-order; got != wanted {
				t.Errorf("got %d, wanted %d", got, wanted)
			}
			if p.inFlight() != 1 {
				t.Errorf("%d in flight on one slot", p.inFlight())
			}
			p.release(one)
		}
	})
}

func TestAWaitHasALimitAndLeavesNoHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withReplicas(5, map[netip.AddrPort]Status{first: ready(1)})
		one := take(t, p, tiny())
		began := time.Now()
		if _, err := p.acquire(t.Context(), tiny(), false, began.Add(5*time.Second)); !errors.Is(err, errWait) || time.Since(began) != 5*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.acquire(ctx, tiny(), false, began.Add(time.Hour)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		p.release(one)
		if p.queued() != 0 || p.inFlight() != 0 {
			t.Errorf("%d queued, %d in flight", p.queued(), p.inFlight())
		}
	})
}

func TestWhoSentARequestBackIsLeftAloneUntilTheNextLook(t *testing.T) {
	for _, reason := range []string{becauseDraining, becauseFull, becauseUnavailable, becauseRefused} {
		p := withReplicas(0, map[netip.AddrPort]Status{first: ready(4)})
		one := take(t, p, tiny())
		p.sentBack(one, reason)
		if _, err := p.acquire(t.Context(), tiny(), false, time.Now()); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v", reason, err)
		}
		status := ready(4)
		p.look(one, &status, false)
		take(t, p, tiny())
	}
}

func TestWhoLostARequestIsAvoidedForIt(t *testing.T) {
	p := withReplicas(0, map[netip.AddrPort]Status{first: ready(4, "tiny:1"), second: ready(4)})
	lost := p.replicas[first]
	if chosen := take(t, p, &waiter{model: "tiny:1", avoid: lost}); chosen.address != second {
		t.Errorf("got %v", chosen.address)
	}
	p.list([]netip.AddrPort{first})
	if chosen := take(t, p, &waiter{model: "tiny:1", avoid: lost}); chosen != lost {
		t.Errorf("better than nothing: got %v", chosen.address)
	}
}

func TestAReplicaThatIsListedNoMoreKeepsItsStreams(t *testing.T) {
	p := withReplicas(0, map[netip.AddrPort]Status{first: ready(4)})
	one := take(t, p, tiny())
	p.list(nil)
	if _, err := p.acquire(t.Context(), tiny(), false, time.Now()); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	if one.lost.Err() != nil || p.forgotten(one) {
		t.Error("it was forgotten with a stream")
	}
	p.release(one)
	if !p.forgotten(one) || one.lost.Err() == nil {
		t.Error("it was not forgotten")
	}
}

func TestASilentReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withReplicas(0, map[netip.AddrPort]Status{first: ready(4)})
		one := p.replicas[first]
		p.look(one, nil, false)
		p.look(one, nil, false)
		if !one.ready() {
			t.Error("two misses on a busy machine are none")
		}
		p.look(one, nil, false)
		if one.ready() || p.states()["unreachable"] != 1 {
			t.Error("three misses")
		}
		status := ready(4)
		p.look(one, &status, false)
		p.look(one, nil, true)
		if one.ready() {
			t.Error("it refused a connection")
		}
		time.Sleep(giveUp + time.Second)
		p.look(one, nil, false)
		if one.lost.Err() == nil {
			t.Error("its requests were not given up")
		}
	})
}

func TestInformationWaitsForNoRoom(t *testing.T) {
	p := withReplicas(5, map[netip.AddrPort]Status{first: ready(1)})
	take(t, p, tiny())
	take(t, p, &waiter{light: true})
}

func TestLabelsAreThoseOfThePoolAlone(t *testing.T) {
	p := withReplicas(5, map[netip.AddrPort]Status{first: ready(1)})
	if p.label("TINY:1") != "tiny:1" || p.label("unknown") != "other" {
		t.Errorf("got %q and %q", p.label("TINY:1"), p.label("unknown"))
	}
}
