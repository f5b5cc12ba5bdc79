package prompt

import (
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
)

const chat = "/v1/chat/completions"

func body(t *testing.T, path, text, model string, output int64) string {
	t.Helper()
	request, err := Read(path, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	reader, size := request.Body(model, output)
	got, _ := io.ReadAll(reader)
	if int64(len(got)) != size {
		t.Errorf("%s: %d bytes, said %d", text, len(got), size)
	}
	return string(got)
}

func TestTheAnswerIsBounded(t *testing.T) {
	for _, one := range []struct{ path, text, wanted string }{
		{chat, `{"model":"a"}`, `{"model":"x","max_tokens":10}`},
		{chat, ` { "model" : "a" , "max_tokens" : 5 , "messages" : [ { "content" : "}\"," } ] } `, `{"model":"x","max_tokens":5,"messages":[{"content":"}\","}]}`},
		{chat, `{"max_tokens":50,"model":"a","temperature":1e-1}`, `{"model":"x","max_tokens":10,"temperature":0.1}`},
		{chat, `{"model":"a","max_completion_tokens":7}`, `{"model":"x","max_tokens":10,"max_completion_tokens":7}`},
		{chat, `{"model":"a","max_tokens":null,"stop":null}`, `{"model":"x","max_tokens":10,"stop":null}`},
		{chat, `{"model":"a","max_tokens":1e99}`, `{"model":"x","max_tokens":10}`},
		{"/v1/responses", `{"model":"a","input":"q","max_output_tokens":11}`, `{"model":"x","max_output_tokens":10,"input":"q"}`},
		{"/v1/messages", `{"model":"a","max_tokens":3}`, `{"model":"x","max_tokens":3}`},
		{"/v1/embeddings", `{"model":"a","input":["q"]}`, `{"model":"x","input":["q"]}`},
		{chat, `{"model":"a","stream":true}`, `{"model":"x","max_tokens":10,"stream_options":{"include_usage":true},"stream":true}`},
		{chat, `{"model":"a","stream":true,"stream_options":{"include_usage":false,"other":1}}`, `{"model":"x","max_tokens":10,"stream_options":{"include_usage":true,"other":1},"stream":true}`},
		{"/v1/messages", `{"model":"a","stream":true}`, `{"model":"x","max_tokens":10,"stream":true}`},
	} {
		var got, wanted any
		text := body(t, one.path, one.text, "x", 10)
		if json.Unmarshal([]byte(text), &got) != nil || json.Unmarshal([]byte(one.wanted), &wanted) != nil || !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s: got %s", one.text, text)
		}
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	request, err := Read(chat, []byte(`{"model":"a:1","stream":true,"n":3,"max_tokens":9,"max_completion_tokens":7,"stream_options":{"include_usage":true}}`))
	if err != nil || request.Model != "a:1" || !request.Stream || !request.Counted || request.Hides() || request.Choices != 3 || request.Output != 7 || !request.Generates() {
		t.Errorf("%v, got %+v", err, request)
	}
	request, err = Read("/v1/completions", []byte(`{"model":"a","prompt":["x","y"],"best_of":2,"stream":true}`))
	if err != nil || request.Choices != 4 || request.Output != 0 || !request.Hides() {
		t.Errorf("%v, got %+v", err, request)
	}
	if request, _ = Read("/v1/completions", []byte(`{"model":"a","prompt":[1,2,3]}`)); request.Choices != 1 {
		t.Errorf("tokens are one prompt: got %+v", request)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for text, wanted := range map[string]string{
		``: "JSON object", `[]`: "JSON object", `{"model":"a"`: "JSON object", `{"model":"a"} x`: "JSON object", `"x"`: "JSON object", `1`: "JSON object",
		`{}`: "model: missing", `{"model":7}`: "model: got 7", `{"model":"a","stream":1}`: "stream: got 1", `{"model":"a","stream_options":1}`: "stream_options: got 1",
		`{"model":"a","max_tokens":0}`: "max_tokens: got 0", `{"model":"a","max_tokens":-1}`: "max_tokens: got -1", `{"model":"a","max_tokens":1.5}`: "max_tokens: got 1.5",
		`{"model":"a","max_tokens":"5"}`: `max_tokens: got "5"`, `{"model":"a","n":0}`: "n: got 0",
		`{"model":"a","Model":"b"}`: "model: it stands there twice", `{"model":"a","model":"b"}`: "twice", `{"model":"a","MAX_TOKENS":5}`: "max_tokens: it stands there twice or in another case",
		"{\"model\":\"a\",\"max_to\u212aens\":5}": "max_tokens: it stands", `{"model":"a","\u006dodel":"b"}`: "twice",
	} {
		if _, err := Read(chat, []byte(text)); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestManyAnswersAreRefused(t *testing.T) {
	prompts := strings.Repeat(`"x",`, 100) + `"x"`
	if _, err := Read("/v1/completions", []byte(`{"model":"a","n":2,"prompt":[`+prompts+`]}`)); err == nil || !strings.Contains(err.Error(), "they ask for 202 answers") {
		t.Errorf("got %v", err)
	}
}

func TestImagesAreNotCountedByTheirBytes(t *testing.T) {
	image := strings.Repeat("A", 1<<20)
	for _, text := range []string{
		`{"model":"a","messages":[{"content":[{"image_url":{"url":"data:image/png;base64,` + image + `"}}]}]}`,
		`{"model":"a","messages":[{"content":[{"source":{"type":"base64","data":"` + image + `"}}]}]}`,
	} {
		if got := estimate([]byte(text)); got < tokensPerImage || got > tokensPerImage+60 {
			t.Errorf("got %d", got)
		}
	}
	if got := estimate([]byte(strings.Repeat("x", 41))); got != 11 {
		t.Errorf("got %d", got)
	}
}
