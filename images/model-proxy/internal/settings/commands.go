package settings

import (
	"net/url"
	"time"
)

// Sidecar is what `model-proxy sidecar` runs with.
type Sidecar struct {
	Upstream                           *url.URL
	Listen, MetricsListen, AdminListen string
	// Models that must be loaded; others are counted as "other".
	Models []string
	// Slots is how many requests Ollama has at the same time; Queue how many wait.
	Slots, Queue int
	Drain        time.Duration
}

// Backend is a name whose addresses are replicas, and the port that they serve.
type Backend struct {
	Host string
	Port uint16
}

// Router is what `model-proxy router` runs with.
type Router struct {
	Backends              []Backend
	StatusPort            int
	Listen, MetricsListen string
	Queue                 int
	QueueWait, Drain      time.Duration
}

const (
	mostRequests = 100_000
	mostSeconds  = 86_400
)

// ForSidecar reads the environment, entries NAME=VALUE.
func ForSidecar(environment []string) (Sidecar, Problems) {
	var values Sidecar
	problems := read(environment, values.variables())
	return values, problems
}

// ForRouter reads the environment, entries NAME=VALUE.
func ForRouter(environment []string) (Router, Problems) {
	var values Router
	problems := read(environment, values.variables())
	return values, problems
}

func (s *Sidecar) variables() []variable {
	return []variable{
		{"UPSTREAM", or("http://127.0.0.1:11435"), "address of Ollama", upstream(&s.Upstream)},
		{"LISTEN", or(":11434"), "where requests come in", listen(&s.Listen, false)},
		{"METRICS_LISTEN", or(":9464"), "where /metrics, /healthz, /readyz and /status are", listen(&s.MetricsListen, false)},
		{"ADMIN_LISTEN", or("127.0.0.1:9465"), "where POST /drain is, on loopback", listen(&s.AdminListen, true)},
		{"MODELS", or(""), "models that must be loaded, with commas between", list(&s.Models)},
		{"SLOTS", or("1"), "requests at Ollama at the same time", whole(&s.Slots, 1, mostRequests)},
		{"QUEUE", or("512"), "requests that wait for a slot; more are answered with 429", whole(&s.Queue, 0, mostRequests)},
		{"DRAIN_SECONDS", or("300"), "how long streams may take to end on drain", seconds(&s.Drain, 0, mostSeconds)},
	}
}

func (r *Router) variables() []variable {
	return []variable{
		{"BACKEND", nil, "the replicas, such as pool-active.namespace.svc:11434", backends(&r.Backends)},
		{"STATUS_PORT", or("9464"), "where a replica has /status", whole(&r.StatusPort, 1, 65_535)},
		{"LISTEN", or(":11434"), "where requests come in", listen(&r.Listen, false)},
		{"METRICS_LISTEN", or(":9464"), "where /metrics, /healthz and /readyz are", listen(&r.MetricsListen, false)},
		{"QUEUE", or("512"), "requests that wait for a replica; more are answered with 429", whole(&r.Queue, 0, mostRequests)},
		{"QUEUE_SECONDS", or("60"), "longest wait for a replica, then 503", seconds(&r.QueueWait, 1, mostSeconds)},
		{"DRAIN_SECONDS", or("300"), "how long streams may take to end on SIGTERM", seconds(&r.Drain, 0, mostSeconds)},
	}
}

// SidecarHelp lists the variables of the sidecar, one a line.
func SidecarHelp() string { return describe(new(Sidecar).variables()) }

// RouterHelp lists the variables of the router, one a line.
func RouterHelp() string { return describe(new(Router).variables()) }
