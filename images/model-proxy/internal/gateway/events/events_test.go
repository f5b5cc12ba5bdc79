package events

import (
	"strings"
	"testing"
)

const (
	first = "data: {\"choices\":[{\"delta\":{\"content\":\"say \\\"usage\\\"\"}}]}\n\n"
	last  = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n"
	count = "data: {\"id\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n"
	done  = "data: [DONE]\n\n"
)

func TestTheCountIsLeftOutWhereverPiecesEnd(t *testing.T) {
	for _, ends := range []string{"\n", "\r\n"} {
		text := strings.ReplaceAll(first+": a comment\n\n"+last+count+done, "\n", ends)
		wanted := strings.ReplaceAll(first+": a comment\n\n"+last+done, "\n", ends)
		for size := 1; size <= len(text); size++ {
			var filter Filter
			got := ""
			for from := 0; from < len(text); from += size {
				got += string(filter.Feed([]byte(text[from:min(from+size, len(text))])))
			}
			if got += string(filter.Rest()); got != wanted {
				t.Fatalf("pieces of %d: got %q", size, got)
			}
		}
	}
}

func TestAWholeEventGoesOnAtOnce(t *testing.T) {
	var filter Filter
	if got := string(filter.Feed([]byte(first + "data: {"))); got != first {
		t.Errorf("got %q", got)
	}
	if got := string(filter.Rest()); got != "data: {" {
		t.Errorf("got %q", got)
	}
}

func TestALongEventIsNotHeld(t *testing.T) {
	var filter Filter
	long := "data: {\"choices\":[],\"usage\":1,\"x\":\"" + strings.Repeat("a", mostEvent)
	if got := string(filter.Feed([]byte(long))); got != long {
		t.Errorf("got %d bytes", len(got))
	}
	if got := string(filter.Feed([]byte("\"}\n\n" + count + done))); got != "\"}\n\n"+done {
		t.Errorf("got %q", got)
	}
}
