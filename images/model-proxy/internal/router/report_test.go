package router

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"openshift-ai-platform/images/model-proxy/internal/status"
)

func TestTheStatusOfAPool(t *testing.T) {
	b := start(t, 5, time.Second)
	b.pool.list([]netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:1"), netip.MustParseAddrPort("10.0.0.10:1"), netip.MustParseAddrPort("10.0.0.11:1")})
	told := ready(2, "tiny:1")
	told.InFlight, told.Memory = 1, []status.Memory{{Model: "tiny:1", Total: 7, GPU: 5}}
	b.pool.look(b.pool.replicas[netip.MustParseAddrPort("10.0.0.10:1")], &told, false)
	leaving := ready(2)
	leaving.Draining = true
	b.pool.look(b.pool.replicas[netip.MustParseAddrPort("10.0.0.9:1")], &leaving, false)

	response, err := http.Get(b.url + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got status.Pool
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	if got.Router != host || got.Queued != 0 || len(got.Replicas) != 3 {
		t.Fatalf("got %+v", got)
	}
	for i, wanted := range []struct{ address, state string }{{"10.0.0.9", "draining"}, {"10.0.0.10", "ready"}, {"10.0.0.11", "unreachable"}} {
		if one := got.Replicas[i]; one.Address != wanted.address || one.State != wanted.state {
			t.Errorf("got %+v, wanted %+v", one, wanted)
		}
	}
	if one := got.Replicas[1]; one.InFlight != 1 || one.Slots != 2 || !slices.Equal(one.Models, []string{"tiny:1"}) || !slices.Equal(one.Memory, told.Memory) {
		t.Errorf("got %+v", one)
	}
}

func TestNoOtherSpellingOfTheStatus(t *testing.T) {
	b := start(t, 5, time.Second)
	for _, target := range []string{"/status/", "//status", "/%73tatus", "/Status", "/status/x"} {
		if response, err := http.Get(b.url + target); err != nil || response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %v %v", target, response, err)
		}
	}
	if code, _, _ := b.post(t, "/status", "{}"); code != http.StatusNotFound {
		t.Errorf("POST: %d", code)
	}
	if blocked := testutil.ToFloat64(b.metrics.blocked.WithLabelValues("other")); blocked != 6 {
		t.Errorf("%v blocked", blocked)
	}
}
