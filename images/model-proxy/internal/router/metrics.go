package router

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

var waitBuckets = []float64{0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 15, 20, 30, 60, 120}

// Why a request was sent to another replica.
const (
	becauseDraining    = "draining"
	becauseFull        = "full"
	becauseUnavailable = "unavailable"
	becauseRefused     = "refused"
	becauseLost        = "lost"
)

type metrics struct {
	registry                   *prometheus.Registry
	requests, retries, blocked *prometheus.CounterVec
	broken                     prometheus.Counter
	wait                       prometheus.Histogram
	replicas                   *prometheus.GaugeVec
}

func newMetrics(p *pool, version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("model_router_requests_total", "Requests for inference that have ended, by the status that they ended with: 499 when the client went away.",
			"model", "status"),
		retries: counter("model_router_retries_total", "Requests that were sent to another replica, by reason.", "reason"),
		blocked: counter("model_router_blocked_total", "Requests that were refused for their path.", "path"),
		broken: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "model_router_streams_broken_total", Help: "Answers that had begun when their replica was lost."}),
		wait: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "model_router_queue_wait_seconds", Help: "Time that a request waited for a replica.", Buckets: waitBuckets}),
		replicas: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "model_router_replicas", Help: "Replicas by state."}, []string{"state"}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "model_proxy_build_info", Help: "Version of the proxy."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.requests, m.retries, m.blocked, m.broken, m.wait, m.replicas, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		reading("model_router_requests_in_flight", "Requests that replicas work on.", p.inFlight),
		reading("model_router_requests_queued", "Requests that wait for a replica.", p.queued))
	for _, reason := range []string{becauseDraining, becauseFull, becauseUnavailable, becauseRefused, becauseLost} {
		m.retries.WithLabelValues(reason) // so that the first one is an increase
	}
	p.learned = func(model string) {
		for _, status := range []string{"200", "429", "499", "500", "502", "503"} {
			m.requests.WithLabelValues(model, status)
		}
	}
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func reading(name, help string, read func() int) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(read()) })
}
