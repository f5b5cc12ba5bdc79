package sidecar

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"strconv"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/capped"
	"openshift-ai-platform/images/model-proxy/internal/memory"
	"openshift-ai-platform/images/model-proxy/internal/names"
	"openshift-ai-platform/images/model-proxy/internal/queue"
	"openshift-ai-platform/images/model-proxy/internal/refuse"
	"openshift-ai-platform/images/model-proxy/internal/reqbody"
	"openshift-ai-platform/images/model-proxy/internal/route"
	"openshift-ai-platform/images/model-proxy/internal/server"
)

// A model's name stands at the beginning of a body, or behind images in it; more than this is not kept to find it.
const mostHead = 1 << 20

// StatusGone is what a request is counted under whose client went away.
const StatusGone = 499

type handler struct {
	queue   *queue.Queue
	labels  names.Labels
	metrics *metrics
	ollama  *ollama
	proxy   *httputil.ReverseProxy
	budget  *memory.Budget
}

func (h *handler) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	arrived := time.Now()
	verdict := route.Judge(request.Method, request.URL)
	if verdict.Blocked != "" {
		h.metrics.blocked.WithLabelValues(verdict.Blocked).Inc()
	}
	if verdict.Status != 0 {
		refuse.Path(w, verdict)
		return
	}
	request.Header.Del("Upgrade") // it would be a way past all of this
	current := &call{route: verdict.Route}
	request = request.WithContext(context.WithValue(request.Context(), callKey{}, current))
	if !verdict.Route.Inference() {
		h.information(w, request, current)
		return
	}
	h.inference(w, request, current, arrived)
}

// information needs no slot and is not counted.
func (h *handler) information(w http.ResponseWriter, request *http.Request, current *call) {
	if h.queue.Stats().Draining {
		draining.Write(w, current.route.Dialect)
		return
	}
	h.proxy.ServeHTTP(w, request)
}

func (h *handler) inference(w http.ResponseWriter, request *http.Request, current *call, arrived time.Time) {
	incoming := reqbody.NewStalling(w, request.Body, server.BodyStall)
	defer incoming.End()
	body, err := reqbody.Read(incoming, mostHead, h.budget)
	if err != nil {
		current.status = unread(w, err, current.route.Dialect)
		h.count(names.Other, current)
		return
	}
	defer body.Release()
	label := h.labels.Of(body.Model)
	if h.isCheck(request) {
		h.forward(w, request, body, current)
		h.learn(body.Model, current)
		return
	}
	if err := h.queue.Acquire(request.Context()); err != nil {
		h.refused(w, err, label, current)
		return
	}
	defer h.queue.Release()
	h.metrics.wait.Observe(time.Since(arrived).Seconds())
	// A broken answer ends in a panic that net/http expects.
	defer func() { h.finish(request, body.Model, label, current, arrived) }()
	h.forward(w, request, body, current)
}

func (h *handler) forward(w http.ResponseWriter, request *http.Request, body *reqbody.Body, current *call) {
	request.Body = body.Reader()
	if current.route.Dialect == route.Ollama {
		current.capped = capped.NewReader(request.Body)
		request.Body = io.NopCloser(current.capped)
		defer func() { h.metrics.took(current.capped.Taken()) }()
	}
	request.Header.Del("Expect") // it was answered when the body was read
	h.proxy.ServeHTTP(w, request)
}

// refused a request that got no slot.
func (h *handler) refused(w http.ResponseWriter, err error, label string, current *call) {
	switch {
	case errors.Is(err, queue.ErrDraining):
		// Not counted: nobody was answered, a router asks another replica.
		draining.Write(w, current.route.Dialect)
		return
	case errors.Is(err, queue.ErrFull):
		full.Write(w, current.route.Dialect)
		current.status = full.Status
	default:
		current.status = StatusGone
	}
	h.count(label, current)
}

var (
	draining = refuse.Refusal{
		Status: http.StatusServiceUnavailable, Code: "draining", Reason: refuse.Draining, RetryAfter: 1,
		Message: "this replica is about to end and takes no request any more; try again",
	}
	full = refuse.Refusal{
		Status: http.StatusTooManyRequests, Code: "queue_full", Reason: refuse.Full, RetryAfter: 5,
		Message: "too many requests wait for this model server already; try again later",
	}
)

// unread answers a request whose body did not arrive. Returns its status.
func unread(w http.ResponseWriter, err error, dialect route.Dialect) int {
	var slow net.Error
	if !errors.As(err, &slow) || !slow.Timeout() {
		return StatusGone
	}
	w.Header().Set("Connection", "close")
	refuse.Refusal{Status: http.StatusRequestTimeout, Code: "body_timeout", Message: "the request's body did not arrive in time"}.Write(w, dialect)
	return http.StatusRequestTimeout
}

// isCheck: a probe of this pod asks.
func (h *handler) isCheck(request *http.Request) bool {
	from, err := netip.ParseAddrPort(request.RemoteAddr)
	return request.Header.Get(refuse.Header) == refuse.Check && err == nil && from.Addr().IsLoopback()
}

func (h *handler) count(label string, current *call) {
	h.metrics.requests.WithLabelValues(label, current.route.Operation, strconv.Itoa(current.status)).Inc()
}

// finish counts a request that the model server had.
func (h *handler) finish(request *http.Request, model, label string, current *call, arrived time.Time) {
	ended := time.Now()
	current.settle(request.Context().Err() != nil)
	h.count(label, current)
	h.metrics.duration.WithLabelValues(current.route.Operation, label, strconv.Itoa(current.status)).Observe(ended.Sub(arrived).Seconds())
	if current.seen != nil && (current.status == http.StatusOK || current.status == StatusGone) {
		h.metrics.answered(current.route.Operation, label, current.seen, arrived, ended)
	}
	h.learn(model, current)
}

// learn what an answer tells about the model.
func (h *handler) learn(model string, current *call) {
	if current.seen != nil && current.status == http.StatusOK {
		h.ollama.measured(model, current.seen.Load)
	}
}
