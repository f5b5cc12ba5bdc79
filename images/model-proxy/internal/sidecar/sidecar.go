// Package sidecar stands before one Ollama in the same pod: it counts, queues, refuses what is not for clients, and lets streams end before the pod does.
package sidecar

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"openshift-ai-platform/images/model-proxy/internal/memory"
	"openshift-ai-platform/images/model-proxy/internal/names"
	"openshift-ai-platform/images/model-proxy/internal/queue"
	"openshift-ai-platform/images/model-proxy/internal/server"
	"openshift-ai-platform/images/model-proxy/internal/settings"
	"openshift-ai-platform/images/model-proxy/internal/status"
)

// Run until the context ends and what streams then has ended too, within the limit.
func Run(ctx context.Context, values settings.Sidecar, version string) error {
	s := newSidecar(values, version)
	traffic, err := server.ForTraffic(values.Listen, s.handler)
	if err != nil {
		return err
	}
	defer traffic.Close()
	metrics, err := server.ForMetrics(values.MetricsListen, s.observed())
	if err != nil {
		return err
	}
	defer metrics.Close()
	admin, err := server.ForAdmin(values.AdminListen, s.administered())
	if err != nil {
		return err
	}
	defer admin.Close()
	failed := make(chan error, 3)
	for _, one := range []*server.Server{traffic, metrics, admin} {
		one.Serve(failed)
	}
	polling, stop := context.WithCancel(context.Background())
	defer stop()
	go s.handler.ollama.poll(polling)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	left := s.drain(context.Background())
	// The last bytes of what has ended, and answers to those who ask just now.
	ended := traffic.Shutdown(lastBytes)
	admin.Shutdown(lastBytes)
	slog.Info("ended", "streamsCut", left, "closed", ended)
	return nil
}

const lastBytes = 2 * time.Second

type sidecar struct {
	values  settings.Sidecar
	handler *handler
	queue   *queue.Queue

	once     sync.Once
	deadline time.Time
}

func newSidecar(values settings.Sidecar, version string) *sidecar {
	waiting := queue.New(values.Slots, values.Queue)
	labels := names.New(values.Models)
	m := newMetrics(waiting, values.Slots, values.Models, version)
	known := newOllama(values.Upstream, values.Models, labels, m)
	return &sidecar{values: values, queue: waiting, handler: &handler{
		queue: waiting, labels: labels, metrics: m, ollama: known, proxy: newProxy(values.Upstream, known), budget: memory.ForBodies(),
	}}
}

// drain takes no request any more and waits for the last stream, at most until the limit, which runs from the first drain. Returns how many are left.
func (s *sidecar) drain(ctx context.Context) int {
	idle := s.queue.Drain()
	s.once.Do(func() {
		s.deadline = time.Now().Add(s.values.Drain)
		slog.Info("draining", "inFlight", s.queue.Stats().Busy, "limit", s.values.Drain.String())
	})
	limit := time.NewTimer(time.Until(s.deadline))
	defer limit.Stop()
	select {
	case <-idle:
	case <-limit.C:
	case <-ctx.Done():
	}
	return s.queue.Stats().Busy
}

// Status is what routers ask for.
type Status = status.Replica

func (s *sidecar) status() Status {
	now := s.queue.Stats()
	pool := s.values.Models
	if pool == nil {
		pool = []string{}
	}
	return Status{
		Draining: now.Draining, InFlight: now.Busy, Queued: now.Waiting, Slots: s.values.Slots,
		Models: s.handler.ollama.inMemory(), Pool: pool, Up: s.handler.ollama.isUp(), Memory: s.handler.ollama.taken(),
	}
}

// observed serves the metrics port. It is alive as long as it answers, and ready until it drains: whether Ollama is ready is for Ollama's own probes, which
// only begin when this one has started.
func (s *sidecar) observed() http.Handler {
	metrics := promhttp.HandlerFor(s.handler.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	mux := server.Observed(metrics, func(*http.Request) string {
		if s.queue.Stats().Draining {
			return "draining"
		}
		return ""
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.status()) })
	return mux
}

// administered serves the admin port: for hooks of this pod.
func (s *sidecar) administered() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /drain", func(w http.ResponseWriter, request *http.Request) {
		left := s.drain(request.Context())
		writeJSON(w, map[string]any{"drained": left == 0, "inFlight": left})
	})
	return mux
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
