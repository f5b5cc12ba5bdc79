package router

import (
	"context"
	"net/netip"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/names"
	"openshift-ai-platform/images/model-proxy/internal/status"
)

// Status is what a replica says of itself (the sidecar's /status).
type Status = status.Replica

// A replica that missed so many looks is unreachable; one that refuses connections is so at once. Requests that it has not answered by giveUp are sent elsewhere.
const (
	mostMissed = 3
	giveUp     = 10 * time.Second
)

// replica and what is known of it. All fields but address and the context belong to the pool's lock.
type replica struct {
	address netip.AddrPort
	// lost is cancelled when nothing has been heard of it for so long that its streams will not go on.
	lost   context.Context
	cancel context.CancelFunc

	listed    bool // among the addresses of the pool
	known     bool // it has told its status
	reachable bool
	missed    int
	heard     time.Time
	status    Status
	loaded    map[string]bool
	own       int // requests that we have there
	others    int // requests of other routers there, as of the last look
}

func newReplica(address netip.AddrPort) *replica {
	lost, cancel := context.WithCancel(context.Background())
	return &replica{address: address, lost: lost, cancel: cancel, listed: true, heard: time.Now()}
}

// state for the metrics.
func (r *replica) state() string {
	switch {
	case r.known && r.reachable && r.status.Draining:
		return "draining"
	case r.known && r.reachable && r.status.Up:
		return "ready"
	}
	return "unreachable"
}

func (r *replica) ready() bool { return r.listed && r.state() == "ready" }

// load as far as we know it.
func (r *replica) load() int { return r.own + r.others }

func (r *replica) room() bool { return r.load() < r.status.Slots }

// heardFrom takes a status over.
func (r *replica) heardFrom(status Status, now time.Time) {
	r.known, r.reachable, r.missed, r.heard, r.status = true, true, 0, now, status
	r.others = max(status.InFlight+status.Queued-r.own, 0)
	r.loaded = make(map[string]bool, len(status.Models))
	for _, model := range status.Models {
		r.loaded[names.Canonical(model)] = true
	}
}

// silent takes note of a look without an answer.
func (r *replica) silent(refused bool, now time.Time) {
	r.missed++
	if refused || r.missed >= mostMissed {
		r.reachable = false
	}
	if now.Sub(r.heard) > giveUp {
		r.cancel()
	}
}

// better tells whether a request for the model should rather go to r than to other. Ties are broken by the caller.
func (r *replica) better(other *replica, model string, avoid *replica) (better, equal bool) {
	if (r == avoid) != (other == avoid) {
		return other == avoid, false
	}
	if r.loaded[model] != other.loaded[model] {
		return r.loaded[model], false
	}
	// Fewest in flight for its size: a/b < c/d without fractions.
	mine, theirs := r.load()*max(other.status.Slots, 1), other.load()*max(r.status.Slots, 1)
	return mine < theirs, mine == theirs
}
