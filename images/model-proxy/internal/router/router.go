// Package router sends each request of a pool to the replica that has its model loaded and the fewest requests, and holds it while none has room.
package router

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"openshift-ai-platform/images/model-proxy/internal/server"
	"openshift-ai-platform/images/model-proxy/internal/settings"
)

// Requests are taken for so long after SIGTERM, since those who send them learn of it late.
const lameDuck = 5 * time.Second

// Run until the context ends and what streams then has ended too, within the limit.
func Run(ctx context.Context, values settings.Router, version string) error {
	replicas := newPool(values.Queue)
	m := newMetrics(replicas, version)
	routing := newHandler(replicas, values.QueueWait, m)
	watching := newWatcher(replicas, values, net.DefaultResolver)

	traffic, err := server.ForTraffic(values.Listen, routing)
	if err != nil {
		return err
	}
	defer traffic.Close()
	metrics, err := server.ForMetrics(values.MetricsListen, observed(routing, watching, m))
	if err != nil {
		return err
	}
	defer metrics.Close()
	failed := make(chan error, 2)
	traffic.Serve(failed)
	metrics.Serve(failed)
	watch, stop := context.WithCancel(context.Background())
	defer stop()
	go watching.run(watch)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	routing.draining.Store(true)
	slog.Info("draining", "inFlight", replicas.inFlight(), "queued", replicas.queued(), "limit", values.Drain.String())
	late := min(lameDuck, values.Drain/2)
	time.Sleep(late)
	slog.Info("ended", "all", traffic.Shutdown(values.Drain-late))
	return nil
}

// observed serves the metrics port. The router is ready without any replica: it holds requests until there is one.
func observed(routing *handler, watching *watcher, m *metrics) http.Handler {
	exposed := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	counted := func(w http.ResponseWriter, request *http.Request) {
		for state, count := range routing.pool.states() {
			m.replicas.WithLabelValues(state).Set(float64(count))
		}
		exposed.ServeHTTP(w, request)
	}
	return server.Observed(http.HandlerFunc(counted), func(*http.Request) string {
		switch {
		case routing.draining.Load():
			return "draining"
		case !watching.looked.Load():
			return "the replicas' addresses were not found yet"
		}
		return ""
	})
}
