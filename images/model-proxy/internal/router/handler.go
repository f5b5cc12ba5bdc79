package router

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/memory"
	"openshift-ai-platform/images/model-proxy/internal/names"
	"openshift-ai-platform/images/model-proxy/internal/refuse"
	"openshift-ai-platform/images/model-proxy/internal/reqbody"
	"openshift-ai-platform/images/model-proxy/internal/route"
	"openshift-ai-platform/images/model-proxy/internal/server"
)

// A body up to this size can be sent to another replica; of a larger one the beginning is kept.
const mostBody = 16 << 20

// statusGone is what a request is counted under whose client went away.
const statusGone = 499

type handler struct {
	pool     *pool
	metrics  *metrics
	proxy    *httputil.ReverseProxy
	budget   *memory.Budget
	draining atomic.Bool
}

func newHandler(p *pool, longest time.Duration, m *metrics) *handler {
	return &handler{pool: p, metrics: m, budget: memory.ForBodies(), proxy: &httputil.ReverseProxy{
		FlushInterval: -1, // each piece at once
		BufferPool:    server.NewBuffers(),
		ErrorLog:      slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
		Transport:     newTransport(p, longest, m),
		Rewrite: func(request *httputil.ProxyRequest) {
			request.Out.URL = &url.URL{Path: callOf(request.In.Context()).route.Path, RawQuery: request.In.URL.RawQuery}
			request.Out.Header.Del(refuse.Header)
		},
		ErrorHandler: fail,
	}}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if isStatus(request) {
		h.tellStatus(w)
		return
	}
	current := &call{arrived: time.Now()}
	verdict := route.Judge(request.Method, request.URL)
	if verdict.Blocked != "" {
		h.metrics.blocked.WithLabelValues(verdict.Blocked).Inc()
	}
	if h.draining.Load() {
		w.Header().Set("Connection", "close") // the next request goes to another router
	}
	if verdict.Status != 0 {
		refuse.Path(w, verdict)
		return
	}
	current.route = verdict.Route
	request.Header.Del("Upgrade") // it would be a way past all of this
	if !verdict.Route.Inference() {
		h.information(w, request, current)
		return
	}
	h.inference(w, request, current)
}

// information is not counted. What little of a body it has is kept like another.
func (h *handler) information(w http.ResponseWriter, request *http.Request, current *call) {
	if request.Body != nil && request.Body != http.NoBody {
		body, done := h.read(w, request, current)
		if body == nil {
			return
		}
		defer done()
	}
	h.proxy.ServeHTTP(w, request.WithContext(context.WithValue(request.Context(), callKey{}, current)))
}

func (h *handler) inference(w http.ResponseWriter, request *http.Request, current *call) {
	body, done := h.read(w, request, current)
	if body == nil {
		h.count(names.Other, current)
		return
	}
	defer done()
	// A broken answer ends in a panic that net/http expects.
	defer func() {
		current.settle()
		h.count(h.pool.label(body.Model), current)
	}()
	h.proxy.ServeHTTP(w, request.WithContext(context.WithValue(request.Context(), callKey{}, current)))
}

// read keeps the body, so that it can be sent again; nil: it did not arrive, and that was answered.
func (h *handler) read(w http.ResponseWriter, request *http.Request, current *call) (*reqbody.Body, func()) {
	incoming := reqbody.NewStalling(w, request.Body, server.BodyStall)
	body, err := reqbody.Read(incoming, mostBody, h.budget)
	if err != nil {
		incoming.End()
		current.status = statusGone
		var slow net.Error
		if errors.As(err, &slow) && slow.Timeout() {
			current.status = http.StatusRequestTimeout
			w.Header().Set("Connection", "close")
			refuse.Refusal{Status: current.status, Code: "body_timeout", Message: "the request's body did not arrive in time"}.Write(w, current.route.Dialect)
		}
		return nil, nil
	}
	current.body = body
	request.Header.Del("Expect") // it was answered when the body was read
	return body, func() {
		incoming.End()
		body.Release()
	}
}

// settle decides on the status under which a request is counted.
func (c *call) settle() {
	switch {
	case c.broken:
		c.status = http.StatusBadGateway
	case !c.ended:
		c.status = statusGone
	}
}

func (h *handler) count(label string, current *call) {
	h.metrics.requests.WithLabelValues(label, strconv.Itoa(current.status)).Inc()
}

// fail answers a request that no replica did.
func fail(w http.ResponseWriter, request *http.Request, err error) {
	current := callOf(request.Context())
	if request.Context().Err() != nil {
		return // the client is gone: nobody reads an answer
	}
	refusal := refuse.Refusal{Status: http.StatusBadGateway, Code: "replica_lost", Message: "the model server was lost before it answered; try again"}
	switch {
	case errors.Is(err, errFull):
		refusal = refuse.Refusal{Status: http.StatusTooManyRequests, Code: "queue_full", RetryAfter: 5,
			Message: "too many requests wait for this pool already; try again later"}
	case errors.Is(err, errWait):
		refusal = refuse.Refusal{Status: http.StatusServiceUnavailable, Code: "no_replica", RetryAfter: 10,
			Message: "no model server of this pool was free in time; try again later"}
	default:
		slog.Warn("no answer", "path", current.route.Path, "error", err.Error())
	}
	current.status, current.ended = refusal.Status, true
	refusal.Write(w, current.route.Dialect)
}
