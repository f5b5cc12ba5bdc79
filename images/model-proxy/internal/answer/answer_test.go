package answer

import (
	"strings"
	"testing"
	"time"
)

var start = time.Unix(1000, 0)

// observe feeds an answer in pieces of n bytes, a millisecond apart.
func observe(contentType, text string, n int) *Observer {
	o := New(contentType)
	now := start
	for rest := []byte(text); len(rest) > 0; {
		piece := rest[:min(n, len(rest))]
		now = now.Add(time.Millisecond)
		o.Feed(piece, now)
		rest = rest[len(piece):]
	}
	return o
}

const (
	ndjson = "application/x-ndjson"
	sse    = "text/event-stream"
	json   = "application/json; charset=utf-8"
)

var answers = map[string]struct {
	contentType, text     string
	pieces, input, output int
	failed                bool
}{
	"generate": {ndjson, `{"model":"t","response":"a","done":false}` + "\n" + `{"model":"t","response":"","done":false}` + "\n" + `{"model":"t","response":"b","done":false}` + "\n" +
		`{"model":"t","response":"","done":true,"context":[1,2,3],"load_duration":5000000,"prompt_eval_count":26,"eval_count":3,"eval_duration":40}` + "\n", 2, 26, 3, false},
	"chat with thinking and tools": {ndjson, `{"message":{"role":"assistant","content":"","thinking":"hm"}}` + "\n" +
		`{"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"response":"x"}}}]}}` + "\n" + `{"message":{"content":""},"done":true,"eval_count":9}` + "\n", 2, Unknown, 9, false},
	"an error in a stream":   {ndjson, `{"response":"a"}` + "\n" + `{"error":"an error was encountered while running the model"}` + "\n", 1, Unknown, 1, true},
	"a line that is no JSON": {ndjson, "oops, <html>\n" + `{"response":"a","eval_count":4}` + "\n", 1, Unknown, 4, false},
	"chat completions": {sse, `data: {"choices":[{"delta":{"role":"assistant","content":"a"},"finish_reason":null}]}` + "\n\n" + `data: {"choices":[{"delta":{"content":"b"}}]}` + "\r\n\r\n" +
		`data: {"choices":[{"delta":{"content":""},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n", 2, Unknown, 2, false},
	"chat completions with usage": {sse, `data: {"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":0,"completion_tokens":0}}` + "\n\n: a comment\n\n" +
		`data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}` + "\n\ndata: [DONE]\n\n", 1, 7, 5, false},
	"responses": {sse, "event: response.created\n" + `data: {"type":"response.created","response":{"usage":null}}` + "\n\nevent: response.output_text.delta\n" + `data: {"delta":"a"}` + "\n\n" +
		`data: {"type":"response.completed","response":{"usage":{"input_tokens":3,"output_tokens":4}}}` + "\n\n", 1, 3, 4, false},
	"messages": {sse, "event: message_start\n" + `data: {"type":"message_start","message":{"usage":{"input_tokens":8,"output_tokens":0}}}` + "\n\n" +
		`data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}` + "\n\n" + `data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":6}}` + "\n\n", 1, 8, 6, false},
	"an error event":  {sse, `data: {"error":{"message":"gone","type":"api_error"}}` + "\n\n", 0, Unknown, Unknown, true},
	"a whole answer":  {json, `{"response":"hello","eval_count":12,"prompt_eval_count":3,"eval_duration":2000000000,"total_duration":3000000000}`, 0, 3, 12, false},
	"whole, OpenAI's": {json, `{"choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":3,"completion_tokens":12}}`, 0, 3, 12, false},
	"embeddings":      {json, `{"embeddings":[[0.1,-2e-3]],"load_duration":1,"prompt_eval_count":4}`, 0, 4, Unknown, false},
}

func TestCounts(t *testing.T) {
	for name, one := range answers {
		for _, n := range []int{1, 2, 7, len(one.text)} {
			o := observe(one.contentType, one.text, n)
			if o.Pieces != one.pieces || o.Input != one.input || o.OutputTokens() != one.output || o.Failed != one.failed {
				t.Errorf("%s in pieces of %d: pieces %d, input %d, output %d, failed %v", name, n, o.Pieces, o.Input, o.OutputTokens(), o.Failed)
			}
		}
	}
}

func TestTimesOfAStream(t *testing.T) {
	o := New(ndjson)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	o.Feed([]byte(`{"response":""}`+"\n"), at(50))
	for i := range 5 {
		o.Feed([]byte(`{"response":"x"}`+"\n"), at(100+20*i))
	}
	o.Feed([]byte(`{"response":"","done":true,"eval_count":5,"load_duration":7000000}`+"\n"), at(500))
	if first, ok := o.FirstToken(start, at(500)); !ok || first != 100*time.Millisecond {
		t.Errorf("first token after %v", first)
	}
	if each, ok := o.PerToken(); !ok || each != 20*time.Millisecond {
		t.Errorf("%v per token", each)
	}
	if o.Load != 7*time.Millisecond {
		t.Errorf("load %v", o.Load)
	}
}

func TestTimesOfAWholeAnswer(t *testing.T) {
	o := observe(json, answers["a whole answer"].text, 10)
	if first, ok := o.FirstToken(start, start.Add(3*time.Second)); !ok || first != time.Second {
		t.Errorf("first token after %v", first)
	}
	if each, ok := o.PerToken(); !ok || each != 2*time.Second/12 {
		t.Errorf("%v per token", each)
	}
	if _, ok := observe(json, answers["whole, OpenAI's"].text, 10).FirstToken(start, start.Add(time.Second)); ok {
		t.Error("nobody can tell when the first token of it was made")
	}
}

func TestALineOfAnyLengthIsReadInLittleMemory(t *testing.T) {
	text := `{"response":"","done":true,"context":[` + strings.Repeat("123456,", 1<<18) + `1],"prompt_eval_count":5,"eval_count":7}` + "\n"
	o := New(ndjson)
	o.Feed([]byte(`{"response":"a"}`+"\n"), start)
	line := []byte(text)
	if allocations := testing.AllocsPerRun(3, func() { o.Feed(line, start) }); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
	if o.Input != 5 || o.Output != 7 {
		t.Errorf("input %d, output %d", o.Input, o.Output)
	}
}

func BenchmarkFeed(b *testing.B) {
	o := New(ndjson)
	line := []byte(`{"model":"tiny:1","created_at":"2026-01-01T00:00:00.000000000Z","message":{"role":"assistant","content":" word"},"done":false}` + "\n")
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		o.Feed(line, start)
	}
}
