package gateway

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/config"
	"openshift-ai-platform/images/model-proxy/internal/server"
)

// pools and the connections to them.
type pools struct {
	byModel map[string][]candidate
	next    atomic.Uint64
	base    http.RoundTripper
	metrics *metrics
}

// candidate to answer a request.
type candidate struct {
	pool  *config.Pool
	model string
}

func newPools(configured *config.Config, m *metrics) *pools {
	dialer := net.Dialer{Timeout: 2 * time.Second, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
	p := &pools{
		byModel: map[string][]candidate{}, metrics: m,
		base: &http.Transport{DialContext: dialer.DialContext, DisableCompression: true, MaxIdleConnsPerHost: 256, IdleConnTimeout: server.ClientIdle},
	}
	for i := range configured.Pools {
		for _, model := range configured.Pools[i].Models {
			p.byModel[model] = append(p.byModel[model], candidate{&configured.Pools[i], model})
		}
	}
	return p
}

// with the model, each time another one first.
func (p *pools) with(model string) []candidate {
	all := p.byModel[model]
	if len(all) < 2 {
		return all
	}
	first := int(p.next.Add(1) % uint64(len(all)))
	return append(append([]candidate(nil), all[first:]...), all[:first]...)
}

// Headers of a request that go on. All others are the client's affair, its key first of all.
var passedOn = []string{"Content-Type", "Accept", "User-Agent", "Anthropic-Version", "Anthropic-Beta", "Traceparent", "Tracestate", requestID}

// ask the candidates one after another until one answers. nil: none did, or the client is gone.
func (p *pools) ask(request *http.Request, c *call, all []candidate) *http.Response {
	for i, one := range all {
		if request.Context().Err() != nil {
			return nil
		}
		c.at, c.sent = one, time.Now()
		response, err := p.attempt(request, c, one)
		last := i == len(all)-1
		switch {
		case err != nil && request.Context().Err() != nil:
			return nil
		case err != nil:
			slog.Warn("no answer", "id", c.request, "pool", one.pool.Name, "model", one.model, "error", err.Error())
			p.metrics.upstream.WithLabelValues(one.pool.Name, "connection").Inc()
			c.sent = time.Time{}
		case !busy(response.StatusCode):
			return response
		default:
			p.metrics.upstream.WithLabelValues(one.pool.Name, "busy").Inc()
			if last {
				return response
			}
			response.Body.Close()
		}
	}
	return nil
}

func busy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusBadGateway || status == http.StatusServiceUnavailable
}

func (p *pools) attempt(request *http.Request, c *call, one candidate) (*http.Response, error) {
	body, size := c.prompt.Body(one.model, c.output/c.prompt.Choices)
	// The client's going away cancels it.
	out, err := http.NewRequestWithContext(request.Context(), http.MethodPost, one.pool.URL+c.route.Path, io.NopCloser(body))
	if err != nil {
		return nil, err
	}
	out.ContentLength = size
	// A kept connection that was closed meanwhile is no reason to ask another pool.
	out.GetBody = func() (io.ReadCloser, error) {
		body, _ := c.prompt.Body(one.model, c.output/c.prompt.Choices)
		return io.NopCloser(body), nil
	}
	for _, name := range passedOn {
		if values := request.Header.Values(name); len(values) > 0 {
			out.Header[name] = values
		}
	}
	out.Header.Set(requestID, c.request)
	return p.base.RoundTrip(out)
}
