package router

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"os"
	"slices"

	"openshift-ai-platform/images/model-proxy/internal/status"
)

// statusPath is answered on the port of requests: who operates a pool reaches it through its Service, with no connection and no right to its pods.
const statusPath = "/status"

// report of the pool, replicas in the order of their addresses.
func (p *pool) report(router string) status.Pool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	all := make([]status.Listed, 0, len(p.replicas))
	for _, one := range p.replicas {
		all = append(all, status.Listed{Address: one.address.Addr().String(), State: one.state(), Replica: one.status})
	}
	slices.SortFunc(all, func(a, b status.Listed) int {
		return netip.MustParseAddr(a.Address).Compare(netip.MustParseAddr(b.Address))
	})
	return status.Pool{Router: router, Queued: p.waiting.Len(), Replicas: all}
}

func isStatus(request *http.Request) bool {
	return request.URL.EscapedPath() == statusPath && (request.Method == http.MethodGet || request.Method == http.MethodHead)
}

func (h *handler) tellStatus(w http.ResponseWriter) {
	router, err := os.Hostname()
	if err != nil {
		router = ""
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(h.pool.report(router))
}
