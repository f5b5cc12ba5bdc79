package router

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"openshift-ai-platform/images/model-proxy/internal/settings"
)

// names answers look-ups as a DNS server would.
type nameserver struct {
	addresses map[string][]netip.Addr // by family and host
	failure   error
}

func (n *nameserver) LookupNetIP(_ context.Context, family, host string) ([]netip.Addr, error) {
	if n.failure != nil {
		return nil, n.failure
	}
	if found := n.addresses[family+" "+host]; len(found) > 0 {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func TestThePoolIsWhatTheNameSays(t *testing.T) {
	names := &nameserver{addresses: map[string][]netip.Addr{}}
	p := newPool(0)
	w := newWatcher(p, settings.Router{Backends: []settings.Backend{{Host: "pool", Port: 11434}}}, names)
	listed := func() int {
		w.resolve(t.Context())
		sum := 0
		for _, count := range p.states() {
			sum += count
		}
		return sum
	}
	if listed() != 0 || !w.looked.Load() {
		t.Error("a name without addresses is a pool without replicas")
	}
	names.addresses["ip4 pool"] = []netip.Addr{first.Addr(), second.Addr()}
	names.addresses["ip6 pool"] = []netip.Addr{netip.MustParseAddr("fd00::1")}
	if got := listed(); got != 2 {
		t.Errorf("got %d replicas", got)
	}
	names.failure = &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	if got := listed(); got != 2 {
		t.Errorf("%d replicas are left when no name can be asked for", got)
	}
	names.failure = errors.New("timeout")
	if got := listed(); got != 2 {
		t.Errorf("%d replicas are left when no name can be asked for", got)
	}
	names.failure = nil
	names.addresses["ip4 pool"] = []netip.Addr{second.Addr()}
	if got := listed(); got != 1 || p.replicas[second] == nil {
		t.Errorf("got %d replicas", got)
	}
	delete(names.addresses, "ip4 pool")
	if got := listed(); got != 1 || p.replicas[netip.MustParseAddrPort("[fd00::1]:11434")] == nil {
		t.Errorf("got %d replicas of the other family", got)
	}
}

func TestALiteralAddressIsAReplica(t *testing.T) {
	p := newPool(0)
	w := newWatcher(p, settings.Router{Backends: []settings.Backend{{Host: "127.0.0.2", Port: 1}, {Host: "::1", Port: 2}}}, net.DefaultResolver)
	w.resolve(t.Context())
	if p.replicas[netip.MustParseAddrPort("127.0.0.2:1")] == nil || p.replicas[netip.MustParseAddrPort("[::1]:2")] == nil {
		t.Errorf("got %v", p.replicas)
	}
}
