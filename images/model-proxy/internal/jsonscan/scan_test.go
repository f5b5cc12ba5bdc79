package jsonscan

import (
	"fmt"
	"strings"
	"testing"
)

// seen feeds the text in pieces of n bytes and writes down all that is told.
func seen(text string, n int) string {
	var out strings.Builder
	scanner := Scanner{
		OnValue: func(path []byte, kind Kind, text []byte, size int) {
			fmt.Fprintf(&out, "%s=%s(%d) ", path, text, size)
		},
		OnEnd: func() { out.WriteString("| ") },
	}
	for rest := []byte(text); len(rest) > 0; {
		piece := rest[:min(n, len(rest))]
		scanner.Feed(piece)
		rest = rest[len(piece):]
	}
	scanner.Close()
	if scanner.Broken() {
		out.WriteString("broken")
	}
	return out.String()
}

func TestValuesAndTheirPaths(t *testing.T) {
	for text, wanted := range map[string]string{
		`{"model":"a","n":1}`:                                "model=a(1) n=1(1) | ",
		`{"a":{"b":[{"c":"x"},{"c":""}],"d":true},"e":null}`: "a.b.c=x(1) a.b.c=(0) a.d=true(4) e=null(4) | ",
		"{\"a\" : \"x\\\"y\\/z\\n\"}\n{\"b\":-1.5e3}":        "a=x\"y/z\\n(6) | b=-1.5e3(6) | ",
		`["x",[1,2],{"k":3}]`:                                "=x(1) =1(1) =2(1) k=3(1) | ",
		`{"a":"{\"b\":1}","c":2}`:                            `a={"b":1}(7) c=2(1) | `,
		`12`:                                                 "=12(2) | ",
		`{"a":1}}`:                                           "a=1(1) | broken",
		`<html>`:                                             "broken",
	} {
		for n := 1; n <= len(text); n++ {
			if got := seen(text, n); got != wanted {
				t.Errorf("%s in pieces of %d: got %q, wanted %q", text, n, got, wanted)
			}
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var longest, size int
	scanner := Scanner{OnValue: func(path []byte, _ Kind, text []byte, all int) {
		longest, size = max(longest, len(text), len(path)), max(size, all)
	}}
	scanner.Feed([]byte(`{"` + strings.Repeat("k", 1000) + `":"` + strings.Repeat("x", 1<<20) + `","context":[` + strings.Repeat("12345,", 1<<18) + `1],"eval_count":7}`))
	if longest > mostText || size != 1<<20 || !scanner.Idle() {
		t.Errorf("longest %d, size %d, idle %v", longest, size, scanner.Idle())
	}
	if scanner.Feed([]byte(strings.Repeat("[", 1<<20))); !scanner.Broken() || cap(scanner.frames) > 2*mostDepth {
		t.Errorf("depth: %d", cap(scanner.frames))
	}
}

func TestFeedingAllocatesNothing(t *testing.T) {
	scanner := Scanner{OnValue: func([]byte, Kind, []byte, int) {}, OnEnd: func() {}}
	line := []byte(`{"model":"a","message":{"role":"assistant","content":"hello"},"done":false}` + "\n")
	scanner.Feed(line)
	if allocations := testing.AllocsPerRun(100, func() { scanner.Feed(line) }); allocations > 0 {
		t.Errorf("%v allocations per line", allocations)
	}
}
