package sidecar

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/names"
	"openshift-ai-platform/images/model-proxy/internal/status"
)

const (
	// Ollama logs each request, so that it is not asked every second; what may have changed with a request is asked for at once.
	pollEvery  = 5 * time.Second
	pollWithin = 4 * time.Second
	// A busy machine may miss one poll; a server that missed so many is down. One that refuses connections is so at once.
	mostMissed = 3
)

// ollama is what is known of Ollama: whether it answers, and which models are in memory.
type ollama struct {
	address string
	client  *http.Client
	models  []string
	labels  names.Labels
	metrics *metrics
	nudge   chan struct{}

	mutex  sync.Mutex
	up     bool
	missed int
	loaded map[string]bool // by canonical name
	memory []status.Memory
	// models whose next load is to be measured: they were seen not loaded
	unloaded map[string]bool
}

func newOllama(upstream *url.URL, models []string, labels names.Labels, m *metrics) *ollama {
	s := &ollama{
		address: upstream.JoinPath("/api/ps").String(), client: &http.Client{Timeout: pollWithin, Transport: &http.Transport{}}, models: models, labels: labels, metrics: m,
		nudge: make(chan struct{}, 1), loaded: map[string]bool{}, unloaded: map[string]bool{},
	}
	s.seen(false, nil)
	return s
}

// poll until the context ends.
func (s *ollama) poll(ctx context.Context) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		models, err := s.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			s.seen(true, models)
		} else {
			s.failed(err)
		}
		wait := ticker.C
		if !s.isUp() {
			wait = time.After(time.Second) // soon known again when it is back
		}
		select {
		case <-ctx.Done():
			return
		case <-wait:
		case <-s.nudge:
		}
	}
}

// seen takes over what Ollama said, or that it said nothing.
func (s *ollama) seen(up bool, models []loadedModel) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if up {
		s.became(true, "")
		s.missed = 0
	}
	s.loaded, s.memory = map[string]bool{}, []status.Memory{}
	total, gpu := map[string]int64{}, map[string]int64{}
	for _, model := range models {
		s.loaded[names.Canonical(model.Name)] = true
		s.memory = append(s.memory, status.Memory{Model: model.Name, Total: model.Size, GPU: model.GPU})
		label := s.labels.Of(model.Name)
		total[label] += model.Size
		gpu[label] += model.GPU
	}
	s.metrics.memory.Reset()
	for label, bytes := range total {
		s.metrics.memory.WithLabelValues(label, "total").Set(float64(bytes))
		s.metrics.memory.WithLabelValues(label, "gpu").Set(float64(gpu[label]))
	}
	for _, model := range s.models {
		if s.loaded[names.Canonical(model)] {
			s.metrics.loaded.WithLabelValues(model).Set(1)
			continue
		}
		s.metrics.loaded.WithLabelValues(model).Set(0)
		s.unloaded[names.Canonical(model)] = true
	}
}

func (s *ollama) failed(err error) {
	s.mutex.Lock()
	s.missed++
	down := s.missed >= mostMissed || refused(err)
	s.mutex.Unlock()
	if down {
		s.down(err)
	}
}

// down: it takes no connection.
func (s *ollama) down(err error) {
	s.mutex.Lock()
	s.became(false, err.Error())
	s.mutex.Unlock()
	s.seen(false, nil)
}

// became is called with the lock held.
func (s *ollama) became(up bool, why string) {
	if s.up != up {
		slog.Info("model server", "up", up, "error", why)
	}
	s.up = up
	s.metrics.up.Set(map[bool]float64{true: 1}[up])
}

func refused(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && failed.Op == "dial"
}

func (s *ollama) isUp() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.up
}

// measured takes note of how long a model took to load for a request. Ollama reports a time for models that were in memory too; that is no load.
func (s *ollama) measured(model string, took time.Duration) {
	name := names.Canonical(model)
	s.mutex.Lock()
	load := s.unloaded[name] && took > 0
	delete(s.unloaded, name)
	ask := load || !s.loaded[name]
	s.mutex.Unlock()
	if load {
		s.metrics.load.WithLabelValues(s.labels.Of(model)).Observe(took.Seconds())
	}
	if ask {
		s.look()
	}
}

// look asks Ollama soon.
func (s *ollama) look() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

// inMemory lists the pool's models that are loaded.
func (s *ollama) inMemory() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	models := []string{}
	for _, model := range s.models {
		if s.loaded[names.Canonical(model)] {
			models = append(models, model)
		}
	}
	return models
}

// taken is the memory of all that is loaded.
func (s *ollama) taken() []status.Memory {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.memory // replaced, never changed
}
