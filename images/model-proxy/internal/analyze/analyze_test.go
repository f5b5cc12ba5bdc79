package analyze

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// version is a model server that answers with the model's name and the seed, after a while.
func version(t *testing.T, answer http.HandlerFunc) Plan {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return Plan{
		Target: server.Listener.Addr().String(), Seconds: 0.5, Concurrency: 4, AnswerSeconds: 5, FirstTokenSeconds: 0.1, ErrorRatio: 0.05,
		Prompts: []Prompt{{Model: "tiny", Prompt: "Hello", MaxTokens: 4, Expect: &Expect{"exact", "right"}}},
	}
}

func says(delay time.Duration, pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(delay)
		for _, piece := range pieces {
			fmt.Fprintf(w, `{"response":%q,"done":false}`+"\n", piece)
		}
		fmt.Fprintln(w, `{"response":"","done":true}`)
	}
}

func local(_ context.Context, host string) ([]string, error) { return []string{host}, nil }

func run(t *testing.T, plan Plan) (string, Summary) {
	t.Helper()
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	problems, summary := Run(context.Background(), parsed, local, io.Discard)
	return strings.Join(problems, "\n"), summary
}

func TestAGoodVersionHasNoProblems(t *testing.T) {
	problems, summary := run(t, version(t, says(0, "ri", "ght")))
	if problems != "" || summary.Requests < enough || *summary.ErrorRatio != 0 || *summary.FirstTokenP95 <= 0 {
		t.Fatalf("problems %q, summary %+v", problems, summary)
	}
}

func TestAWrongAnswerIsNamedWithWhatWasWanted(t *testing.T) {
	problems, summary := run(t, version(t, says(0, "wrong")))
	if !strings.Contains(problems, `answered "wrong", wanted exact "right"`) || summary.Requests != 0 {
		t.Fatalf("problems %q, summary %+v", problems, summary)
	}
}

func TestAnAnswerThatIsRightAtTheSecondTryIsRight(t *testing.T) {
	var asked atomic.Int32
	plan := version(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			says(0, "odd")(w, r)
			return
		}
		says(0, "right")(w, r)
	})
	if problems, _ := run(t, plan); problems != "" {
		t.Fatal(problems)
	}
}

func TestEveryAddressIsAsked(t *testing.T) {
	good, bad := version(t, says(0, "right")), version(t, says(0, "wrong"))
	_, port, _ := net.SplitHostPort(good.Target)
	askers, err := find(context.Background(), Plan{Target: "pool-preview:" + port, Concurrency: 1, AnswerSeconds: 1}, func(context.Context, string) ([]string, error) {
		return []string{"127.0.0.2", "127.0.0.1", "127.0.0.1"}, nil
	})
	if err != nil || len(askers) != 2 || askers[0].address != "127.0.0.1:"+port {
		t.Fatalf("%v %+v", err, askers)
	}
	plan, _ := Parse(must(t, good))
	askers[1].address = bad.Target
	if wrong := check(context.Background(), plan, askers); len(wrong) != 1 {
		t.Fatalf("one of two is wrong, got %q", wrong)
	}
}

func TestASlowVersionIsTold(t *testing.T) {
	problems, _ := run(t, version(t, says(150*time.Millisecond, "right")))
	if !strings.Contains(problems, "first token after 0.15") || !strings.Contains(problems, "wanted <= 0.1 s") {
		t.Fatal(problems)
	}
}

func TestAFailingVersionIsToldBeforeItsTimeIsOver(t *testing.T) {
	var asked atomic.Int32
	plan := version(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			says(0, "right")(w, r)
			return
		}
		http.Error(w, "no memory", http.StatusInternalServerError)
	})
	plan.Seconds = 60
	start := time.Now()
	problems, summary := run(t, plan)
	if !strings.Contains(problems, "1 of ") || !strings.Contains(problems, "HTTP status 500: no memory") || time.Since(start) > 20*time.Second {
		t.Fatalf("%q %+v after %v", problems, summary, time.Since(start))
	}
}

func TestAFewFailuresAreNone(t *testing.T) {
	var asked atomic.Int32
	plan := version(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 10 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		says(0, "right")(w, r)
	})
	if problems, summary := run(t, plan); problems != "" || *summary.ErrorRatio == 0 {
		t.Fatalf("%q %+v", problems, summary)
	}
}

func TestAnAnswerThatIsCutOffIsAFailure(t *testing.T) {
	for _, body := range []string{`{"response":"right","done":false}` + "\n", `{"error":"model runner has stopped"}` + "\n", "<html>", ""} {
		_, err := read(strings.NewReader(body), time.Now())
		if err == nil {
			t.Errorf("%q is no whole answer", body)
		}
	}
}

func TestNothingMeasuredIsNotGood(t *testing.T) {
	if problems := (&Measurements{}).Summary().Problems(Plan{}); len(problems) != 1 || problems[0] != "no request was made" {
		t.Fatal(problems)
	}
	var silent Measurements
	silent.Add(Answer{}, nil)
	if problems := silent.Summary().Problems(Plan{}); len(problems) != 1 || problems[0] != "no answer had a token" {
		t.Fatal(problems)
	}
}

func TestThePercentileIsTheNearestRank(t *testing.T) {
	for _, row := range []struct {
		count int
		want  float64
	}{{1, 1}, {19, 19}, {20, 19}, {100, 95}} {
		var measured Measurements
		for i := range row.count {
			measured.Add(Answer{FirstToken: time.Duration(i+1) * time.Second}, nil)
		}
		if got := *measured.Summary().FirstTokenP95; got != row.want {
			t.Errorf("of %d: got %v, want %v", row.count, got, row.want)
		}
	}
}

func TestAnExpectationIsWholePartOrPattern(t *testing.T) {
	for _, row := range []struct {
		kind, text, answer string
		want               bool
	}{
		{"exact", "a", "a", true}, {"exact", "a", "ab", false},
		{"contains", "b", "abc", true}, {"contains", "x", "abc", false},
		{"regex", "^a.c$", "abc", true}, {"regex", "^b", "abc", false},
	} {
		plan, err := Parse(must(t, Plan{Target: "a:1", Concurrency: 1, AnswerSeconds: 1, FirstTokenSeconds: 1, Prompts: []Prompt{{Model: "m", MaxTokens: 1, Expect: &Expect{row.kind, row.text}}}}))
		if err != nil || plan.Prompts[0].Accepts(row.answer) != row.want {
			t.Errorf("%+v: %v", row, err)
		}
	}
}

func TestAllThatIsWrongWithAPlanIsSaidAtOnce(t *testing.T) {
	_, err := Parse([]byte(`{"target":"pool","concurrency":0,"answerSeconds":1,"firstTokenSeconds":0,"errorRatio":2,"prompts":[{"expect":{"kind":"regex","text":"("}},{"model":"m","maxTokens":1,"expect":{"kind":"like","text":""}}]}`))
	for _, field := range []string{"target", "concurrency", "firstTokenSeconds", "errorRatio", "prompts[0].model", "prompts[0].maxTokens", "prompts[0].expect.text", "prompts[1].expect.kind"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not in %v", field, err)
		}
	}
	if _, err := Parse([]byte(`{"targets":"pool:1"}`)); err == nil || !strings.Contains(err.Error(), "targets") {
		t.Errorf("an unknown field: %v", err)
	}
}

func TestANameWithoutAddressesIsAProblemNotAPanic(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	problems, _ := Run(ctx, Plan{Target: "pool-preview:1", Concurrency: 1}, func(context.Context, string) ([]string, error) {
		return nil, errors.New("no such host")
	}, io.Discard)
	if len(problems) != 1 || !strings.Contains(problems[0], "pool-preview: no address") {
		t.Fatal(problems)
	}
}

func TestTheExitStatusSaysWhichItWas(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plan.json")
	for _, row := range []struct {
		answer string
		want   int
	}{{"right", 0}, {"wrong", notGood}} {
		plan := version(t, says(0, row.answer))
		plan.Seconds = 0.2
		if err := os.WriteFile(file, must(t, plan), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := Main([]string{"ANALYZE_PLAN=" + file}, io.Discard, io.Discard); got != row.want {
			t.Errorf("%s: got %d, want %d", row.answer, got, row.want)
		}
	}
	if got := Main(nil, io.Discard, io.Discard); got != usage {
		t.Errorf("without a plan: got %d", got)
	}
}

func must(t *testing.T, plan Plan) []byte {
	t.Helper()
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
