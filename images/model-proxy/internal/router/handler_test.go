package router

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"openshift-ai-platform/images/model-proxy/internal/memory"
	"openshift-ai-platform/images/model-proxy/internal/refuse"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	m.Run()
}

// bench is a router before scripted replicas.
type bench struct {
	pool    *pool
	handler *handler
	metrics *metrics
	url     string
}

func start(t *testing.T, most int, longest time.Duration, replicas ...http.HandlerFunc) *bench {
	t.Helper()
	p := newPool(most)
	var addresses []netip.AddrPort
	for _, serve := range replicas {
		server := httptest.NewServer(serve)
		t.Cleanup(func() {
			server.CloseClientConnections()
			server.Close()
		})
		addresses = append(addresses, netip.MustParseAddrPort(server.Listener.Addr().String()))
	}
	m := newMetrics(p, "test")
	b := &bench{pool: p, handler: newHandler(p, longest, m), metrics: m}
	p.list(addresses)
	b.look(t)
	server := httptest.NewServer(b.handler)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	b.url = server.URL
	return b
}

// look says that all replicas are well.
func (b *bench) look(t *testing.T) {
	t.Helper()
	for _, one := range b.pool.replicas {
		status := ready(2, "tiny:1")
		b.pool.look(one, &status, false)
	}
}

func (b *bench) post(t *testing.T, path, body string) (int, string, http.Header) {
	t.Helper()
	response, err := http.Post(b.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text), response.Header
}

func (b *bench) retries(reason string) float64 {
	return testutil.ToFloat64(b.metrics.retries.WithLabelValues(reason))
}

func (b *bench) requests(status string) float64 {
	return testutil.ToFloat64(b.metrics.requests.WithLabelValues("tiny:1", status))
}

func until(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !true(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

const generate = `{"model":"tiny:1","prompt":"x"}`

// once answers the first request of all with `first`, later ones well.
func once(first http.HandlerFunc) []http.HandlerFunc {
	var asked atomic.Int32
	serve := func(w http.ResponseWriter, request *http.Request) {
		if asked.Add(1) == 1 {
			first(w, request)
			return
		}
		text, _ := io.ReadAll(request.Body)
		fmt.Fprintf(w, "well: %s", text)
	}
	return []http.HandlerFunc{serve, serve}
}

func TestWhatOneReplicaSendsBackAnotherOneAnswers(t *testing.T) {
	for _, reason := range []string{refuse.Draining, refuse.Full, refuse.Unavailable, refuse.Lost} {
		b := start(t, 5, 5*time.Second, once(func(w http.ResponseWriter, request *http.Request) {
			refuse.Refusal{Status: http.StatusServiceUnavailable, Reason: reason}.Write(w, 0)
		})...)
		status, text, header := b.post(t, "/api/generate", generate)
		if status != http.StatusOK || text != "well: "+generate || header.Get(refuse.Header) != "" {
			t.Errorf("%s: %d %s", reason, status, text)
		}
		until(t, "it is counted", func() bool { return b.requests("200") == 1 && b.retries(reason) == 1 && b.pool.inFlight() == 0 })
	}
}

func TestAReplicaThatDiesBeforeItAnswers(t *testing.T) {
	b := start(t, 5, 5*time.Second, once(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })...)
	if status, text, _ := b.post(t, "/api/generate", generate); status != http.StatusOK || text != "well: "+generate {
		t.Errorf("%d %s", status, text)
	}
	if b.retries(becauseLost) != 1 {
		t.Errorf("%v retries", b.retries(becauseLost))
	}
}

func TestARequestThatKillsReplicasKillsTwoAtMost(t *testing.T) {
	var asked atomic.Int32
	deadly := func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		panic(http.ErrAbortHandler)
	}
	b := start(t, 5, 5*time.Second, deadly, deadly, deadly)
	status, text, _ := b.post(t, "/v1/chat/completions", generate)
	if status != http.StatusBadGateway || !strings.Contains(text, `"code":"replica_lost"`) || asked.Load() != 2 {
		t.Errorf("%d %s after %d attempts", status, text, asked.Load())
	}
}

func TestAReplicaThatTakesNoConnection(t *testing.T) {
	b := start(t, 5, 5*time.Second, once(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "well: ", generate) })...)
	gone := httptest.NewServer(http.NotFoundHandler())
	address := netip.MustParseAddrPort(gone.Listener.Addr().String())
	gone.Close()
	var addresses []netip.AddrPort
	for one := range b.pool.replicas {
		addresses = append(addresses, one)
	}
	b.pool.list(append(addresses, address))
	better := ready(1000, "tiny:1")
	b.pool.look(b.pool.replicas[address], &better, false)
	for _, one := range addresses { // so that the one that is gone is the best
		busy := ready(2, "tiny:1")
		busy.InFlight = 1
		b.pool.look(b.pool.replicas[one], &busy, false)
	}
	if status, text, _ := b.post(t, "/api/generate", generate); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	if b.retries(becauseRefused) != 1 || b.pool.states()["unreachable"] != 1 {
		t.Errorf("%v retries, %v", b.retries(becauseRefused), b.pool.states())
	}
}

func TestAReplicaThatDiesInTheMiddleOfAnAnswer(t *testing.T) {
	for contentType, farewell := range map[string]string{
		"application/x-ndjson": "\n" + `{"error":"the model server was lost`,
		"text/event-stream":    "\n\ndata: " + `{"error":"the model server was lost`,
	} {
		var asked atomic.Int32
		b := start(t, 5, 5*time.Second, func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.Header().Set("Content-Type", contentType)
			fmt.Fprint(w, `{"response":"a"}`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
		response, err := http.Post(b.url+"/api/generate", "", strings.NewReader(generate))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if err == nil || !strings.HasPrefix(string(text), `{"response":"a"}`+farewell) || asked.Load() != 1 {
			t.Errorf("%s: %v %q", contentType, err, text)
		}
		until(t, "it is counted", func() bool {
			return b.requests("502") == 1 && testutil.ToFloat64(b.metrics.broken) == 1 && b.pool.inFlight() == 0
		})
	}
}

func TestABodyThatCanNotBeSentAgainIsNot(t *testing.T) {
	b := start(t, 5, 5*time.Second, once(func(w http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		refuse.Refusal{Status: http.StatusServiceUnavailable, Reason: refuse.Draining, RetryAfter: 1}.Write(w, 0)
	})...)
	b.handler.budget = memory.NewBudget(0)
	large := `{"model":"tiny:1","prompt":"` + strings.Repeat("A", 1<<20) + `"}`
	if status, _, header := b.post(t, "/api/generate", large); status != http.StatusServiceUnavailable || header.Get("Retry-After") != "1" {
		t.Errorf("%d", status)
	}
	if status, text, _ := b.post(t, "/api/generate", large); status != http.StatusOK || text != "well: "+large {
		t.Errorf("%d, %d bytes", status, len(text))
	}
}

func TestWithoutAReplicaRequestsWait(t *testing.T) {
	b := start(t, 1, 200*time.Millisecond)
	status, text, header := b.post(t, "/v1/chat/completions", generate)
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || !strings.Contains(text, `"code":"no_replica"`) {
		t.Errorf("%d %v %s", status, header, text)
	}
	b.pool.most = 0
	if status, text, header := b.post(t, "/api/chat", generate); status != http.StatusTooManyRequests || header.Get("Retry-After") == "" || !strings.HasPrefix(text, `{"error":"`) {
		t.Errorf("%d %v %s", status, header, text)
	}
}

func TestWhoGivesUpWhileItWaits(t *testing.T) {
	b := start(t, 1, time.Minute)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		request, _ := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/api/generate", strings.NewReader(generate))
		_, _ = http.DefaultClient.Do(request)
	}()
	until(t, "it waits", func() bool { return b.pool.queued() == 1 })
	leave()
	until(t, "it is counted", func() bool {
		return testutil.ToFloat64(b.metrics.requests.WithLabelValues("other", "499")) == 1 && b.pool.queued() == 0
	})
}

func TestAnAnswerThatWillNeverComeIsAskedForElsewhere(t *testing.T) {
	var asked atomic.Int32
	serve := func(w http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		if asked.Add(1) == 1 {
			<-request.Context().Done() // the machine is gone: nothing comes, not even an end
			return
		}
		fmt.Fprint(w, "well")
	}
	b := start(t, 5, time.Minute, serve, serve)
	answered := make(chan string, 1)
	go func() {
		_, text, _ := b.post(t, "/api/generate", generate)
		answered <- text
	}()
	until(t, "it is asked", func() bool { return asked.Load() == 1 })
	b.pool.mutex.Lock()
	var silent *replica
	for _, one := range b.pool.replicas {
		if one.own == 1 {
			silent = one
			one.heard = time.Now().Add(-time.Hour)
		}
	}
	b.pool.mutex.Unlock()
	b.pool.look(silent, nil, true)
	if text := <-answered; text != "well" {
		t.Errorf("got %s", text)
	}
}

func TestAdministrationEndsAtTheRouter(t *testing.T) {
	b := start(t, 5, time.Second, func(http.ResponseWriter, *http.Request) { t.Error("it went on") })
	if status, text, _ := b.post(t, "//api/%70ull", `{}`); status != http.StatusForbidden || !strings.Contains(text, "loader") {
		t.Errorf("%d %s", status, text)
	}
	if testutil.ToFloat64(b.metrics.blocked.WithLabelValues("/api/pull")) != 1 {
		t.Error("it is not counted")
	}
}
