package router

import (
	"log/slog"
	"net/netip"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/names"
)

// sentBack takes note of why a replica did not answer, until it is looked at again.
func (p *pool) sentBack(one *replica, reason string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch reason {
	case becauseDraining:
		one.status.Draining = true
	case becauseUnavailable:
		one.status.Up = false
	case becauseRefused:
		one.reachable = false
	case becauseFull:
		one.others = max(one.others, one.status.Slots)
	}
	p.put(one)
}

// list takes over which addresses the pool has.
func (p *pool) list(addresses []netip.AddrPort) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	listed := make(map[netip.AddrPort]bool, len(addresses))
	for _, address := range addresses {
		listed[address] = true
		one := p.replicas[address]
		if one == nil {
			one = newReplica(address)
			p.replicas[address] = one
			slog.Info("replica", "address", address.String(), "state", "found")
			p.found(one)
		}
		one.listed = true
	}
	for address, one := range p.replicas {
		if one.listed && !listed[address] {
			one.listed = false
			slog.Info("replica", "address", address.String(), "state", "gone", "inFlight", one.own)
			p.forget(one)
		}
	}
	p.dispatch()
}

// look takes over what a replica said, or that it said nothing.
func (p *pool) look(one *replica, status *Status, refused bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	before := one.state()
	if status == nil {
		one.silent(refused, time.Now())
	} else {
		one.heardFrom(*status, time.Now())
		for _, model := range status.Pool {
			if name := names.Canonical(model); len(p.labels) < mostLabels && p.labels[name] == "" {
				p.labels[name] = model
				p.learned(model)
			}
		}
	}
	if after := one.state(); after != before {
		slog.Info("replica", "address", one.address.String(), "state", after)
	}
	p.dispatch()
}

// label under which a model is counted: as the replicas' configuration writes it.
func (p *pool) label(model string) string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if label, known := p.labels[names.Canonical(model)]; known {
		return label
	}
	return names.Other
}

// forgotten tells that a replica is no part of the pool any more.
func (p *pool) forgotten(one *replica) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.replicas[one.address] != one
}
