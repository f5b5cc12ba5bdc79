package sidecar

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"openshift-ai-platform/images/model-proxy/internal/settings"
)

// bench is a sidecar before a scripted model server.
type bench struct {
	*sidecar
	proxy  *httptest.Server
	server *httptest.Server
}

func start(t *testing.T, slots, waiting int, serve http.HandlerFunc) *bench {
	t.Helper()
	server := httptest.NewServer(serve)
	upstream, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := newSidecar(settings.Sidecar{Upstream: upstream, Models: []string{"tiny:1"}, Slots: slots, Queue: waiting, Drain: 5 * time.Second}, "test")
	b := &bench{sidecar: s, proxy: httptest.NewServer(s.handler), server: server}
	t.Cleanup(func() {
		b.proxy.CloseClientConnections()
		server.CloseClientConnections()
		b.proxy.Close()
		server.Close()
	})
	return b
}

func (b *bench) post(t *testing.T, ctx context.Context, path, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.proxy.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// until waits for something that happens beside the test, seconds at most.
func until(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !true(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func (b *bench) requests(model, operation, status string) float64 {
	return testutil.ToFloat64(b.handler.metrics.requests.WithLabelValues(model, operation, status))
}

const generate = `{"model":"tiny:1","prompt":"x"}`

// piecewise sends lines, each when it is told to; ended tells when its client went away.
func piecewise(next <-chan string, ended chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		for {
			select {
			case line, more := <-next:
				if !more {
					return
				}
				fmt.Fprintln(w, line)
				w.(http.Flusher).Flush()
			case <-request.Context().Done():
				close(ended)
				return
			}
		}
	}
}

func TestEachPieceGoesOnAtOnce(t *testing.T) {
	next := make(chan string)
	b := start(t, 1, 0, piecewise(next, nil))
	response := b.post(t, t.Context(), "/api/generate", generate)
	lines := bufio.NewScanner(response.Body)
	for i := range 3 {
		line := fmt.Sprintf(`{"response":"%d"}`, i)
		next <- line // the next one is not sent before this one has arrived
		if !lines.Scan() || lines.Text() != line {
			t.Fatalf("got %q", lines.Text())
		}
	}
	next <- `{"response":"","done":true,"eval_count":3,"prompt_eval_count":9,"load_duration":2000000000}`
	close(next)
	for lines.Scan() {
	}
	until(t, "the request is counted", func() bool { return b.requests("tiny:1", "text_completion", "200") == 1 })
	for what, wanted := range map[string]uint64{"input": 9, "output": 3} {
		if got := sum(t, b, "gen_ai_client_token_usage", what); got != float64(wanted) {
			t.Errorf("%s tokens: %v", what, got)
		}
	}
	if got := sum(t, b, "model_server_model_load_seconds", "tiny:1"); got != 2 {
		t.Errorf("load took %v s", got)
	}
}

// sum of a histogram whose labels contain a value.
func sum(t *testing.T, b *bench, name, label string) float64 {
	t.Helper()
	families, err := b.handler.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, family := range families {
		for _, one := range family.GetMetric() {
			for _, pair := range one.GetLabel() {
				if family.GetName() == name && pair.GetValue() == label {
					total += one.GetHistogram().GetSampleSum()
				}
			}
		}
	}
	return total
}

func TestAClientThatGoesAwayStopsTheModel(t *testing.T) {
	next, ended := make(chan string), make(chan struct{})
	b := start(t, 1, 0, piecewise(next, ended))
	ctx, leave := context.WithCancel(t.Context())
	response := b.post(t, ctx, "/api/generate", generate)
	next <- `{"response":"a"}`
	if _, err := response.Body.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	leave()
	<-ended
	until(t, "it is counted", func() bool { return b.requests("tiny:1", "text_completion", "499") == 1 })
	until(t, "its slot is free", func() bool { return b.queue.Stats().Busy == 0 })
	if got := sum(t, b, "gen_ai_client_token_usage", "output"); got != 1 {
		t.Errorf("%v tokens", got)
	}
}

func TestAModelServerThatDiesCutsTheAnswer(t *testing.T) {
	b := start(t, 1, 0, func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		fmt.Fprintln(w, `{"response":"a"}`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	response := b.post(t, t.Context(), "/api/generate", generate)
	if _, err := io.ReadAll(response.Body); err == nil {
		t.Error("the client can't tell that the answer is cut")
	}
	until(t, "it is counted", func() bool { return b.requests("tiny:1", "text_completion", "502") == 1 })
}

func TestAModelServerThatIsDown(t *testing.T) {
	b := start(t, 1, 0, func(http.ResponseWriter, *http.Request) {})
	b.server.Close()
	for path, wanted := range map[string]string{
		"/api/chat": `{"error":"the model server takes`, "/v1/chat/completions": `"code":"model_server_unavailable"`, "/v1/messages": `"type":"error"`,
	} {
		response := b.post(t, t.Context(), path, generate)
		text, _ := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("X-Model-Proxy") != "unavailable" || !strings.Contains(string(text), wanted) {
			t.Errorf("%s: %d %v %s", path, response.StatusCode, response.Header, text)
		}
	}
}

func TestAnErrorInAnAnswerCounts(t *testing.T) {
	b := start(t, 1, 0, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		fmt.Fprint(w, `{"response":"a"}`+"\n"+`{"error":"out of memory"}`+"\n")
	})
	_, _ = io.ReadAll(b.post(t, t.Context(), "/api/generate", generate).Body)
	until(t, "it is counted", func() bool { return b.requests("tiny:1", "text_completion", "500") == 1 })
}

func TestUnknownModelsMakeNoSeries(t *testing.T) {
	b := start(t, 1, 0, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error":"not found"}`, http.StatusNotFound)
	})
	before := testutil.CollectAndCount(b.handler.metrics.requests)
	for i := range 5 {
		_, _ = io.ReadAll(b.post(t, t.Context(), "/api/chat", fmt.Sprintf(`{"model":"m%d"}`, i)).Body)
	}
	until(t, "they are counted", func() bool { return b.requests("other", "chat", "404") == 5 })
	if series := testutil.CollectAndCount(b.handler.metrics.requests); series != before+1 {
		t.Errorf("%d series", series)
	}
}

func TestAQueueThatIsFull(t *testing.T) {
	next := make(chan string)
	b := start(t, 1, 1, piecewise(next, nil))
	b.post(t, t.Context(), "/api/generate", generate)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		request, _ := http.NewRequestWithContext(ctx, http.MethodPost, b.proxy.URL+"/api/generate", strings.NewReader(generate))
		_, _ = http.DefaultClient.Do(request)
	}()
	until(t, "one waits", func() bool { return b.queue.Stats().Waiting == 1 })
	response := b.post(t, t.Context(), "/v1/chat/completions", generate)
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" || !strings.Contains(string(text), `"code":"queue_full"`) {
		t.Errorf("%d %v %s", response.StatusCode, response.Header, text)
	}
	leave()
	until(t, "who waited and left is counted", func() bool { return b.requests("tiny:1", "text_completion", "499") == 1 })
	close(next)
}

func TestDrainLetsStreamsEnd(t *testing.T) {
	next := make(chan string)
	b := start(t, 1, 5, piecewise(next, nil))
	admin := httptest.NewServer(b.administered())
	defer admin.Close()
	stream := b.post(t, t.Context(), "/api/generate", generate)
	drained := make(chan string)
	go func() {
		response, err := http.Post(admin.URL+"/drain", "", nil)
		if err != nil {
			drained <- err.Error()
			return
		}
		text, _ := io.ReadAll(response.Body)
		drained <- string(text)
	}()
	until(t, "it drains", func() bool { return b.queue.Stats().Draining })
	refused := b.post(t, t.Context(), "/api/generate", generate)
	if refused.StatusCode != http.StatusServiceUnavailable || refused.Header.Get("X-Model-Proxy") != "draining" || refused.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", refused.StatusCode, refused.Header)
	}
	select {
	case text := <-drained:
		t.Errorf("a stream is left, but: %s", text)
	default:
	}
	next <- `{"response":"a"}`
	close(next)
	if text, err := io.ReadAll(stream.Body); err != nil || !strings.Contains(string(text), `"a"`) {
		t.Errorf("the stream: %v %s", err, text)
	}
	if text := <-drained; !strings.Contains(text, `"drained":true`) {
		t.Errorf("got %s", text)
	}
}

func TestDrainHasALimit(t *testing.T) {
	b := start(t, 1, 0, piecewise(make(chan string), make(chan struct{})))
	b.values.Drain = 50 * time.Millisecond
	b.post(t, t.Context(), "/api/generate", generate)
	if left := b.drain(t.Context()); left != 1 {
		t.Errorf("%d left", left)
	}
}

func TestABodyGoesThroughAsItCame(t *testing.T) {
	got := make(chan string, 1)
	b := start(t, 1, 0, func(w http.ResponseWriter, request *http.Request) {
		text, _ := io.ReadAll(request.Body)
		got <- fmt.Sprint(request.Header.Get("X-Request-Id"), request.Header.Get("Traceparent"), request.Header.Get("Upgrade"), request.Host == request.Context().Value(http.LocalAddrContextKey).(fmt.Stringer).String(), string(text))
	})
	body := `{"model":"tiny:1","images":["` + strings.Repeat("A", 3<<20) + `"]}`
	request, _ := http.NewRequest(http.MethodPost, b.proxy.URL+"/api/generate", strings.NewReader(body))
	request.Header = http.Header{"X-Request-Id": {"id"}, "Traceparent": {"trace"}, "Connection": {"Upgrade"}, "Upgrade": {"h2c"}}
	request.Host = "models.example.com"
	if _, err := http.DefaultClient.Do(request); err != nil {
		t.Fatal(err)
	}
	if text := <-got; text != "idtracetrue"+body {
		t.Errorf("got %.80s, %d bytes", text, len(text))
	}
}

func TestAProbeOfThePodNeitherWaitsNorCounts(t *testing.T) {
	next := make(chan string)
	b := start(t, 1, 0, func(w http.ResponseWriter, request *http.Request) {
		if request.Header.Get("X-Model-Proxy") != "" {
			t.Error("the header went on")
		}
		if request.URL.Path == "/api/chat" {
			piecewise(next, nil)(w, request)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"response":"a","load_duration":3000000000}`)
	})
	b.post(t, t.Context(), "/api/chat", generate)
	until(t, "the slot is taken", func() bool { return b.queue.Stats().Busy == 1 })
	request, _ := http.NewRequest(http.MethodPost, b.proxy.URL+"/api/generate", strings.NewReader(generate))
	request.Header.Set("X-Model-Proxy", "check")
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	_, _ = io.ReadAll(response.Body)
	until(t, "the load is counted", func() bool { return sum(t, b, "model_server_model_load_seconds", "tiny:1") == 3 })
	if count := b.requests("tiny:1", "text_completion", "200"); count != 0 {
		t.Errorf("%v counted", count)
	}
	close(next)
}

func TestWhatWouldReloadAModelIsLeftOut(t *testing.T) {
	bodies := make(chan string, 1)
	b := start(t, 1, 0, func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		if int64(len(body)) != request.ContentLength {
			t.Errorf("length %d said, %d sent", request.ContentLength, len(body))
		}
		bodies <- string(body)
		w.Header().Set("X-Model-Proxy-Capped", "what the model server says of itself")
	})
	images := `"images":["` + strings.Repeat("A", 2<<20) + `"]`
	for _, one := range []struct{ path, sent, arrived, header string }{
		{"/api/generate", generate, generate, ""},
		{"/api/generate", `{"model":"tiny:1","keep_alive":0}`, `{"model":"tiny:1","          ":0}`, "keep_alive"},
		{"/api/chat", `{"options":{"num_ctx":9,"num_gpu":0}}`, `{"options":{"       ":9,"       ":0}}`, "num_ctx, num_gpu"},
		{"/api/embed", `{"options":{"num_ctx":9}}`, `{"options":{"       ":9}}`, "num_ctx"},
		{"/api/embeddings", `{"keep_alive":-1}`, `{"          ":-1}`, "keep_alive"},
		{"/api/generate", `{` + images + `,"keep_alive":0}`, `{` + images + `,"          ":0}`, "keep_alive"},                // more than is kept of a body
		{"/v1/chat/completions", `{"keep_alive":0,"options":{"num_ctx":9}}`, `{"keep_alive":0,"options":{"num_ctx":9}}`, ""}, // Ollama makes its own request of it
	} {
		response := b.post(t, t.Context(), one.path, one.sent)
		if body := <-bodies; body != one.arrived || response.Header.Get("X-Model-Proxy-Capped") != one.header {
			t.Errorf("%s %.60s: arrived %.60s, header %q", one.path, one.sent, body, response.Header.Get("X-Model-Proxy-Capped"))
		}
	}
	for option, wanted := range map[string]float64{"keep_alive": 3, "num_ctx": 2, "num_gpu": 1, "num_thread": 0} {
		until(t, option+" is counted", func() bool { return testutil.ToFloat64(b.handler.metrics.capped.WithLabelValues(option)) == wanted })
	}
}
