package gateway

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/answer"
	"openshift-ai-platform/images/model-proxy/internal/gateway/events"
	"openshift-ai-platform/images/model-proxy/internal/server"
)

// Headers of an answer that go on.
var passedBack = []string{"Content-Type", "Cache-Control", "Retry-After"}

// A client that takes no byte for so long is gone.
const writeStall = time.Minute

var buffers = server.NewBuffers()

// forward the request and pass the answer on.
func (g *gateway) forward(w http.ResponseWriter, request *http.Request, c *call) {
	response := g.pools.ask(request, c, g.candidates(c))
	if response == nil {
		if request.Context().Err() == nil {
			c.status = noPool.Status
			g.refuse(w, noPool, c.route.Dialect)
		}
		return
	}
	defer response.Body.Close()
	for _, name := range passedBack {
		if values := response.Header.Values(name); len(values) > 0 {
			w.Header()[name] = values
		}
	}
	if c.at.model != c.asked {
		w.Header().Set("X-Model-Served", c.at.model)
		g.metrics.fallbacks.WithLabelValues(c.asked, c.at.model).Inc()
	}
	contentType := response.Header.Get("Content-Type")
	c.status, c.seen = response.StatusCode, answer.New(contentType)
	if response.ContentLength >= 0 && !c.seen.Streamed {
		w.Header()["Content-Length"] = response.Header["Content-Length"]
	}
	c.pass(w, request, response, strings.HasPrefix(contentType, "text/event-stream") && c.prompt.Hides())
}

// pass the answer on, piece by piece.
func (c *call) pass(w http.ResponseWriter, request *http.Request, response *http.Response, hides bool) {
	controller := http.NewResponseController(w)
	write := func(piece []byte) bool {
		if len(piece) == 0 {
			return true
		}
		_ = controller.SetWriteDeadline(time.Now().Add(writeStall))
		_, err := w.Write(piece)
		if err == nil && c.seen.Streamed {
			err = controller.Flush()
		}
		return err == nil
	}
	defer func() { _ = controller.SetWriteDeadline(time.Time{}) }()
	w.WriteHeader(response.StatusCode)
	if c.seen.Streamed {
		_ = controller.Flush()
	}
	var filter events.Filter
	buffer := buffers.Get()
	defer buffers.Put(buffer)
	for {
		n, err := response.Body.Read(buffer)
		piece := buffer[:n]
		c.seen.Feed(piece, time.Now())
		c.bytes += int64(n)
		if hides {
			piece = filter.Feed(piece)
		}
		if !write(piece) {
			panic(http.ErrAbortHandler)
		}
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF):
			c.ended = true
			write(filter.Rest())
			return
		case request.Context().Err() == nil:
			c.broken = true
			c.gateway.metrics.upstream.WithLabelValues(c.at.pool.Name, "broken").Inc()
			if !c.seen.Failed { // a router has said it already
				write(filter.Rest())
				write(lostPool.InStream(c.route.Dialect, response.Header.Get("Content-Type")))
			}
		}
		panic(http.ErrAbortHandler) // the client shall not take it for a whole answer
	}
}
