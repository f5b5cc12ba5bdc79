package router

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/names"
	"openshift-ai-platform/images/model-proxy/internal/refuse"
	"openshift-ai-platform/images/model-proxy/internal/reqbody"
	"openshift-ai-platform/images/model-proxy/internal/route"
	"openshift-ai-platform/images/model-proxy/internal/server"
)

// A request whose replica was lost while it had it is sent once more only: it may be what the replica died of.
const mostLost = 1

// Information is not worth a long wait.
const lightWait = 5 * time.Second

// call is one request on its way.
type call struct {
	route   route.Route
	body    *reqbody.Body // nil: information, which has none or a small one
	arrived time.Time
	status  int
	// ended: the whole answer came; broken: the replica was lost in the middle of it.
	ended, broken bool
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	return ctx.Value(callKey{}).(*call)
}

// transport sends a request to the best replica, and to another one as long as none has begun to answer.
type transport struct {
	pool    *pool
	base    http.RoundTripper
	longest time.Duration
	metrics *metrics
}

func newTransport(p *pool, longest time.Duration, m *metrics) *transport {
	dialer := net.Dialer{Timeout: 2 * time.Second, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
	base := &http.Transport{DialContext: dialer.DialContext, DisableCompression: true, MaxIdleConnsPerHost: 256, IdleConnTimeout: server.ClientIdle}
	return &transport{pool: p, base: base, longest: longest, metrics: m}
}

func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	current := callOf(request.Context())
	wanted := &waiter{light: !current.route.Inference()}
	until := current.arrived.Add(t.longest)
	if wanted.light {
		until = current.arrived.Add(min(lightWait, t.longest))
	} else {
		wanted.model = names.Canonical(current.body.Model)
	}
	lost := 0
	for again := false; ; again = true {
		chosen, err := t.pool.acquire(request.Context(), wanted, again, until)
		if err != nil {
			return nil, err
		}
		if !wanted.light && !again {
			t.metrics.wait.Observe(time.Since(current.arrived).Seconds())
		}
		response, err := t.attempt(request, current, chosen)
		reason := why(response, err)
		if reason == becauseLost {
			lost++
			wanted.avoid = chosen
		}
		if reason == "" || !current.again() || lost > mostLost || request.Context().Err() != nil {
			return t.taken(request, current, chosen, response, err)
		}
		if response != nil {
			response.Body.Close()
		}
		t.metrics.retries.WithLabelValues(reason).Inc()
		t.pool.sentBack(chosen, reason)
	}
}

// again: the request can be sent once more.
func (c *call) again() bool { return c.body == nil || c.body.Again() }

func (t *transport) attempt(request *http.Request, current *call, chosen *replica) (*http.Response, error) {
	// The replica's own context ends the wait for an answer that will never come.
	ctx, cancel := context.WithCancel(request.Context())
	stop := context.AfterFunc(chosen.lost, cancel)
	out := request.Clone(ctx)
	out.URL.Scheme, out.URL.Host, out.Host = "http", chosen.address.String(), chosen.address.String()
	if current.body != nil {
		out.Body = current.body.Reader()
		if current.body.Complete {
			out.ContentLength = int64(current.body.Size())
			out.GetBody = func() (io.ReadCloser, error) { return current.body.Reader(), nil }
		}
	}
	response, err := t.base.RoundTrip(out)
	if err != nil {
		stop()
		cancel()
		return nil, err
	}
	response.Body = &closing{ReadCloser: response.Body, after: func() { stop(); cancel() }}
	return response, nil
}

// why a request should go to another replica; "": it was answered.
func why(response *http.Response, err error) string {
	if err != nil {
		if neverSent(err) {
			return becauseRefused
		}
		return becauseLost
	}
	switch reason := response.Header.Get(refuse.Header); reason {
	case refuse.Draining, refuse.Full, refuse.Unavailable, refuse.Lost:
		return reason
	}
	return ""
}

// taken hands the answer on, and releases the replica when it has ended.
func (t *transport) taken(request *http.Request, current *call, chosen *replica, response *http.Response, err error) (*http.Response, error) {
	if err != nil {
		if neverSent(err) {
			t.pool.sentBack(chosen, becauseRefused)
		} else {
			t.pool.release(chosen)
		}
		return nil, errors.Join(errLost, err)
	}
	response.Header.Del(refuse.Header)
	current.status = response.StatusCode
	response.Body = &stream{
		body: response.Body, call: current, client: request.Context(), metrics: t.metrics,
		farewell: lostReplica.InStream(current.route.Dialect, response.Header.Get("Content-Type")),
		release:  func() { t.pool.release(chosen) },
	}
	return response, nil
}

var errLost = errors.New("the replica was lost")
