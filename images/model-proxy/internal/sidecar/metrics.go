package sidecar

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"openshift-ai-platform/images/model-proxy/internal/answer"
	"openshift-ai-platform/images/model-proxy/internal/capped"
	"openshift-ai-platform/images/model-proxy/internal/queue"
	"openshift-ai-platform/images/model-proxy/internal/route"
)

// Buckets of OpenTelemetry's semantic conventions for generative AI, with further ones where goals and limits of a pool lie.
var (
	durationBuckets   = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36}
	firstTokenBuckets = []float64{0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 15, 20, 30, 60}
	perTokenBuckets   = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5}
	tokenBuckets      = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576}
	waitBuckets       = []float64{0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 15, 20, 30, 60, 120}
	loadBuckets       = []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600}
)

const (
	operationLabel = "gen_ai_operation_name"
	modelLabel     = "gen_ai_request_model"
	statusLabel    = "http_response_status_code"
	tokenLabel     = "gen_ai_token_type"
)

type metrics struct {
	registry                       *prometheus.Registry
	duration, firstToken, perToken *prometheus.HistogramVec
	tokens, load                   *prometheus.HistogramVec
	wait                           prometheus.Histogram
	requests, blocked, capped      *prometheus.CounterVec
	loaded, memory                 *prometheus.GaugeVec
	up                             prometheus.Gauge
}

func newMetrics(waiting *queue.Queue, slots int, models []string, version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		duration: histogram("gen_ai_server_request_duration_seconds", "Time from the arrival of a request until the end of its answer, waiting included.",
			durationBuckets, operationLabel, modelLabel, statusLabel),
		firstToken: histogram("gen_ai_server_time_to_first_token_seconds", "Time from the arrival of a request until the first content of its answer, waiting included.",
			firstTokenBuckets, operationLabel, modelLabel),
		perToken: histogram("gen_ai_server_time_per_output_token_seconds", "Time from one token to the next after the first, on average of an answer.",
			perTokenBuckets, operationLabel, modelLabel),
		tokens: histogram("gen_ai_client_token_usage", "Tokens of a request (input) and its answer (output).", tokenBuckets, operationLabel, modelLabel, tokenLabel),
		load:   histogram("model_server_model_load_seconds", "Time that a model took to be loaded into memory for a request.", loadBuckets, "model"),
		wait: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "model_server_queue_wait_seconds", Help: "Time that a request waited for a slot.", Buckets: waitBuckets}),
		requests: counter("model_server_requests_total", "Requests for inference that have ended, by the status that they ended with: 499 when the client went away.",
			"model", "operation", "status"),
		blocked: counter("model_server_blocked_total", "Requests that were refused for their path.", "path"),
		capped:  counter("model_server_capped_total", "Requests that went on without what would have had their model loaded anew or put out of memory.", "option"),
		loaded:  gauge("model_server_model_loaded", "Whether a model is loaded into memory.", "model"),
		memory:  gauge("model_server_model_memory_bytes", "Memory of a loaded model: all of it, and what of it is on GPUs.", "model", "kind"),
		up:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "model_server_up", Help: "Whether the model server answers."}),
	}
	build := gauge("model_proxy_build_info", "Version of the proxy.", "version")
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.duration, m.firstToken, m.perToken, m.tokens, m.load, m.wait, m.requests, m.blocked, m.capped, m.loaded, m.memory, m.up, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		reading("model_server_requests_in_flight", "Requests that the model server works on.", func() int { return waiting.Stats().Busy }),
		reading("model_server_requests_queued", "Requests that wait for a slot.", func() int { return waiting.Stats().Waiting }),
		reading("model_server_slots", "Requests that the model server may have at the same time.", func() int { return slots }),
		reading("model_server_draining", "Whether no request is taken any more.", func() int {
			if waiting.Stats().Draining {
				return 1
			}
			return 0
		}))
	for _, model := range models { // so that the first one of each is an increase
		for _, operation := range []string{route.Chat, route.Completion, route.Embeddings} {
			for _, status := range []string{"200", "429", "499", "500", "502", "503"} {
				m.requests.WithLabelValues(model, operation, status)
			}
		}
	}
	for path := range map[string]bool{"/api/pull": true, "/api/push": true, "/api/create": true, "/api/delete": true, "/api/copy": true, "/api/blobs": true, "other": true} {
		m.blocked.WithLabelValues(path)
	}
	for _, option := range capped.Options() {
		m.capped.WithLabelValues(option)
	}
	return m
}

// answered counts what an answer says about itself.
func (m *metrics) answered(operation, model string, seen *answer.Observer, arrived, ended time.Time) {
	if took, known := seen.FirstToken(arrived, ended); known {
		m.firstToken.WithLabelValues(operation, model).Observe(took.Seconds())
	}
	if each, known := seen.PerToken(); known {
		m.perToken.WithLabelValues(operation, model).Observe(each.Seconds())
	}
	if seen.Input > 0 {
		m.tokens.WithLabelValues(operation, model, "input").Observe(float64(seen.Input))
	}
	if tokens := seen.OutputTokens(); tokens > 0 {
		m.tokens.WithLabelValues(operation, model, "output").Observe(float64(tokens))
	}
}

// took counts what a request went on without.
func (m *metrics) took(options []string) {
	for _, option := range options {
		m.capped.WithLabelValues(option).Inc()
	}
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}

func reading(name, help string, read func() int) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(read()) })
}
