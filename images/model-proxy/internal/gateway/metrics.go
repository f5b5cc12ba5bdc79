package gateway

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"openshift-ai-platform/images/model-proxy/internal/gateway/config"
	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
)

var admissionBuckets = []float64{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5}

// Users' names are no labels: there may be thousands, and what they use is not everybody's affair.
type metrics struct {
	registry                                                   *prometheus.Registry
	requests, tokens, gpu, cost, refusals, upstream, fallbacks *prometheus.CounterVec
	admission                                                  prometheus.Histogram
}

func newMetrics(configured *config.Config, settling *settler, version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("model_gateway_requests_total", "Requests for inference that have ended or were refused, by the status that they ended with: 499 when the client went away.",
			"team", "model", "status"),
		tokens:    counter("model_gateway_tokens_total", "Tokens of requests (input) and answers (output), by the model that served them.", "team", "model", "type"),
		gpu:       counter("model_gateway_gpu_seconds_total", "Time of GPUs that requests took: their time at the model server by their share of its GPUs.", "team", "model"),
		cost:      counter("model_gateway_cost_total", "What requests cost, in the currency of the configuration.", "team", "model"),
		refusals:  counter("model_gateway_refusals_total", "Requests that were refused, by the code of the error.", "reason"),
		upstream:  counter("model_gateway_upstream_errors_total", "Attempts at a pool that failed: connection, busy (it answered 429, 502 or 503), broken (in the middle of an answer).", "pool", "reason"),
		fallbacks: counter("model_gateway_fallbacks_total", "Requests that another model than the one asked for has served.", "asked", "served"),
		admission: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "model_gateway_admission_seconds", Help: "Time that the admission of a request took, at the database.", Buckets: admissionBuckets}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "model_proxy_build_info", Help: "Version of the proxy."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.requests, m.tokens, m.gpu, m.cost, m.refusals, m.upstream, m.fallbacks, m.admission, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		reading("model_gateway_requests_in_flight", "Requests that are under way.", settling.inFlight),
		reading("model_gateway_settle_backlog", "Requests that have ended and whose usage is not written to the database yet.", settling.waiting),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "model_gateway_settle_lost_total", Help: "Requests whose usage was given up: too many waited."}, func() float64 { return float64(settling.lostCount()) }))
	for _, pool := range configured.Pools { // so that the first one of each is an increase
		for _, reason := range []string{"connection", "busy", "broken"} {
			m.upstream.WithLabelValues(pool.Name, reason)
		}
	}
	for _, reason := range []string{"invalid_api_key", "rate_limit_exceeded", "insufficient_quota", "model_not_allowed", "model_not_found", "database_unavailable", "model_unavailable"} {
		m.refusals.WithLabelValues(reason)
	}
	return m
}

// used counts what a request took.
func (m *metrics) used(used store.Usage, model string) {
	m.tokens.WithLabelValues(used.Team, model, "input").Add(float64(used.Input))
	m.tokens.WithLabelValues(used.Team, model, "output").Add(float64(used.Output))
	m.gpu.WithLabelValues(used.Team, model).Add(used.GPU)
	m.cost.WithLabelValues(used.Team, model).Add(used.Cost.Amount())
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func reading(name, help string, read func() int) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(read()) })
}
