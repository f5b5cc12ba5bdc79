package capped

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// pass sends a text through, whole and byte by byte: both must agree.
func pass(t *testing.T, text string) (string, []string) {
	t.Helper()
	var passed string
	var taken []string
	for i, from := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
		reader := NewReader(from)
		got, err := io.ReadAll(reader)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if i > 0 && (string(got) != passed || !slices.Equal(reader.Taken(), taken)) {
			t.Fatalf("%s: %q in one piece, %q in others", text, passed, got)
		}
		passed, taken = string(got), reader.Taken()
	}
	return passed, taken
}

func TestWhatIsTaken(t *testing.T) {
	for text, wanted := range map[string]struct{ passed, taken string }{
		`{"model":"a","keep_alive":0}`:                                            {`{"model":"a","          ":0}`, "keep_alive"},
		`{"keep_alive":"1h","options":{"num_ctx":9,"seed":1}}`:                    {`{"          ":"1h","options":{"       ":9,"seed":1}}`, "keep_alive num_ctx"},
		`{"options" : { "num_gpu" : 0 , "num_thread":1 }, "x":[1]}`:               {`{"options" : { "       " : 0 , "          ":1 }, "x":[1]}`, "num_gpu num_thread"},
		`{"options":{"num_batch":1,"main_gpu":1,"use_mmap":false}}`:               {`{"options":{"         ":1,"        ":1,"        ":false}}`, "main_gpu num_batch use_mmap"},
		`{"options":{"use_imagegen_runner":true}}`:                                {`{"options":{"                   ":true}}`, "use_imagegen_runner"},
		`{"options":{"num_ctx":1},"Options":{"num_ctx":2}}`:                       {`{"options":{"       ":1},"Options":{"       ":2}}`, "num_ctx"},
		`{"KEEP_ALIVE":0,"\u004beep\u005falive":0,"` + "\u212a" + `eep_alive":0}`: {`{"          ":0,"` + strings.Repeat(" ", 20) + `":0,"` + strings.Repeat(" ", 12) + `":0}`, "keep_alive"},
	} {
		if passed, taken := pass(t, text); passed != wanted.passed || strings.Join(taken, " ") != wanted.taken {
			t.Errorf("%s: got %s, %q", text, passed, taken)
		}
	}
}

func TestAllElsePassesAsItCame(t *testing.T) {
	for _, text := range []string{
		`{"model":"tiny:1","prompt":"say \"keep_alive\": 0","options":{"num_predict":5,"seed":1,"stop":["num_ctx"]}}`,
		`{"messages":[{"role":"user","content":"x","keep_alive":0,"options":{"num_ctx":1}}],"tools":[{"options":{"num_ctx":1}}]}`,
		`{"options":{"more":{"num_ctx":1},"list":[{"num_ctx":1}]},"format":{"options":{"num_ctx":1}},"num_ctx":1}`,
		`{"options":[{"num_ctx":1}],"options":"num_ctx"}`,
		`{"options":{"` + strings.Repeat("k", 1000) + `":1},"` + strings.Repeat(`\u006b`, 1000) + `":1}`,
		`{"model":"a"} {"keep_alive":0}`, // Ollama reads the first alone
		`{"keep_al`, `{"options":{"num_ctx`, `{"a":"\`, `]]]{"keep_alive"`, "", "no json", `"keep_alive"`, `["keep_alive",{"keep_alive":0}]`, "\x00\xff{",
	} {
		if passed, taken := pass(t, text); passed != text || len(taken) > 0 {
			t.Errorf("%s: got %s, %q", text, passed, taken)
		}
	}
}

func TestAMegabyteNeedsNoMoreMemory(t *testing.T) {
	text := `{"model":"a","images":["` + strings.Repeat("A", 3<<20) + `"],"options":{"num_ctx":7}}`
	reader := NewReader(strings.NewReader(text))
	got, err := io.ReadAll(reader)
	if err != nil || len(got) != len(text) || !strings.HasSuffix(string(got), `"options":{"       ":7}}`) || cap(reader.seen) > 64<<10 {
		t.Errorf("%v, %d bytes, %d kept", err, len(got), cap(reader.seen))
	}
}

func TestABodyThatBreaksOff(t *testing.T) {
	broken := errors.New("broken")
	got, err := io.ReadAll(NewReader(io.MultiReader(strings.NewReader(`{"keep`), iotest.ErrReader(broken))))
	if !errors.Is(err, broken) || string(got) != `{"keep` {
		t.Errorf("got %q, %v", got, err)
	}
}

// request is what Ollama reads of a body.
type request struct {
	KeepAlive any            `json:"keep_alive"`
	Options   map[string]any `json:"options"`
	Model     string         `json:"model"`
	Prompt    any            `json:"prompt"`
}

// FuzzOllamaReadsNoneOfIt: whatever the decoder of Ollama takes has none of it behind the reader, and is else what it was.
func FuzzOllamaReadsNoneOfIt(f *testing.F) {
	for _, text := range []string{
		`{"model":"a","keep_alive":0,"options":{"num_ctx":1,"seed":2}}`, `{"options":null,"prompt":{"options":{"num_ctx":1}}}`, ` {"a":[{"b":"\\\""}],"\u006feptions":{}} x`,
		`{"prompt":"}","Keep_alive":{"options":[]},"options":{"stop":["]"],"num_gpu":{}}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		passed, _ := pass(t, text)
		if len(passed) != len(text) {
			t.Fatalf("%q became %q", text, passed)
		}
		var before, after request
		wrong := json.NewDecoder(strings.NewReader(text)).Decode(&before)
		if err := json.NewDecoder(strings.NewReader(passed)).Decode(&after); (err == nil) != (wrong == nil) {
			t.Fatalf("%q: %v, then %v", text, wrong, err)
		}
		if wrong != nil {
			return
		}
		for _, name := range runner {
			if _, found := after.Options[name]; found || after.KeepAlive != nil {
				t.Fatalf("%q became %q", text, passed)
			}
		}
		for _, options := range []map[string]any{before.Options, after.Options} {
			maps.DeleteFunc(options, func(name string, _ any) bool {
				return strings.TrimSpace(name) == "" || slices.ContainsFunc(runner, func(one string) bool { return strings.EqualFold(one, name) })
			})
		}
		if before.Model != after.Model || !reflect.DeepEqual(before.Prompt, after.Prompt) || !reflect.DeepEqual(before.Options, after.Options) {
			t.Fatalf("%q became %q", text, passed)
		}
	})
}
