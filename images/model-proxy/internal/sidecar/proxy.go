package sidecar

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/answer"
	"openshift-ai-platform/images/model-proxy/internal/capped"
	"openshift-ai-platform/images/model-proxy/internal/refuse"
	"openshift-ai-platform/images/model-proxy/internal/route"
	"openshift-ai-platform/images/model-proxy/internal/server"
)

// call is one request on its way.
type call struct {
	route  route.Route
	status int
	seen   *answer.Observer
	// ended: the whole answer came from the model server.
	ended bool
	// lost: the connection to the model server broke.
	lost bool
	// capped is the body on its way, nil where it is not looked into.
	capped *capped.Reader
}

// cappedHeader of an answer names what of its request was left out.
const cappedHeader = "X-Model-Proxy-Capped"

// settle decides on the status under which a request is counted that the model server had.
func (c *call) settle(gone bool) {
	switch {
	case c.ended && c.seen.Failed && c.status == http.StatusOK:
		c.status = http.StatusInternalServerError // an error in an answer that had begun
	case c.ended || c.seen == nil && c.status != 0:
	case c.lost && !gone:
		c.status = http.StatusBadGateway
	default: // the answer was cut on the client's side
		c.status = StatusGone
	}
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	return ctx.Value(callKey{}).(*call)
}

func newProxy(upstream *url.URL, known *ollama) *httputil.ReverseProxy {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	return &httputil.ReverseProxy{
		FlushInterval: -1, // each piece at once
		BufferPool:    server.NewBuffers(),
		ErrorLog:      slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableCompression: true, MaxIdleConns: 0, MaxIdleConnsPerHost: 256, IdleConnTimeout: server.ClientIdle,
		},
		Rewrite: func(request *httputil.ProxyRequest) {
			request.Out.URL = &url.URL{Scheme: upstream.Scheme, Host: upstream.Host, Path: callOf(request.In.Context()).route.Path, RawQuery: request.In.URL.RawQuery}
			request.Out.Host = upstream.Host // Ollama on loopback refuses other names
			request.Out.Header.Del(refuse.Header)
			request.Out.Header.Del("Accept-Encoding") // what is compressed can't be counted
		},
		ModifyResponse: func(response *http.Response) error {
			current := callOf(response.Request.Context())
			current.status = response.StatusCode
			response.Header.Del(refuse.Header)
			response.Header.Del(cappedHeader)
			if current.capped != nil {
				if taken := current.capped.Taken(); len(taken) > 0 { // it has read what it answers
					response.Header.Set(cappedHeader, strings.Join(taken, ", "))
				}
			}
			current.seen = answer.New(response.Header.Get("Content-Type"))
			response.Body = &tee{ReadCloser: response.Body, call: current}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, request *http.Request, err error) {
			fail(w, request, err, known)
		},
	}
}

// fail answers a request that the model server did not.
func fail(w http.ResponseWriter, request *http.Request, err error, known *ollama) {
	current := callOf(request.Context())
	if request.Context().Err() != nil {
		return // the client is gone: nobody reads an answer
	}
	refusal := refuse.Refusal{
		Status: http.StatusBadGateway, Code: "model_server_lost", Reason: refuse.Lost,
		Message: "the model server closed the connection before it answered; try again",
	}
	if refused(err) {
		known.down(err)
		refusal = refuse.Refusal{
			Status: http.StatusServiceUnavailable, Code: "model_server_unavailable", Reason: refuse.Unavailable, RetryAfter: 1,
			Message: "the model server takes no connection; it may be starting; try again",
		}
	}
	slog.Warn("no answer", "path", current.route.Path, "error", err.Error())
	current.status = refusal.Status
	refusal.Write(w, current.route.Dialect)
}

// tee looks at an answer while it passes.
type tee struct {
	io.ReadCloser
	call *call
}

func (t *tee) Read(into []byte) (int, error) {
	n, err := t.ReadCloser.Read(into)
	if n > 0 {
		t.call.seen.Feed(into[:n], time.Now())
	}
	switch {
	case errors.Is(err, io.EOF):
		t.call.ended = true
	case err != nil:
		t.call.lost = true
	}
	return n, err
}
