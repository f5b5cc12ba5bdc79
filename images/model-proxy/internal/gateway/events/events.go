// Package events passes server-sent events on and leaves out the one with the count of tokens that the client did not ask for.
package events

import (
	"bytes"
	"encoding/json"
)

// What is longer is passed on as it comes: it is no count.
const mostEvent = 64 << 10

// Filter of one stream. Not safe for use by several goroutines.
type Filter struct {
	held []byte
	long bool // the event at hand is passed on already
}

// Feed returns what may go on of all that has come. What it returns is good until the next call.
func (f *Filter) Feed(piece []byte) []byte {
	f.held = append(f.held, piece...)
	passed := f.held[:0:0]
	for {
		size := length(f.held)
		if size == 0 {
			break
		}
		if event := f.held[:size]; f.long || !countOnly(event) {
			passed = append(passed, event...)
		}
		f.long = false
		f.held = f.held[size:]
	}
	if f.long || len(f.held) > mostEvent {
		passed = append(passed, f.held...)
		f.held, f.long = f.held[:0], true
	}
	return passed
}

// Rest is what came after the last whole event.
func (f *Filter) Rest() []byte { return f.held }

// length of the first event with the empty line that ends it; 0: it has not ended.
func length(text []byte) int {
	for at := 0; ; {
		end := bytes.IndexByte(text[at:], '\n')
		if end < 0 {
			return 0
		}
		if end == 0 || end == 1 && text[at] == '\r' {
			return at + end + 1
		}
		at += end + 1
	}
}

// countOnly: {"choices":[],"usage":{…}}, as OpenAI sends it for stream_options.include_usage.
func countOnly(event []byte) bool {
	if !bytes.Contains(event, []byte(`"usage"`)) {
		return false
	}
	_, data, found := bytes.Cut(event, []byte("data:"))
	if !found {
		return false
	}
	var chunk struct {
		Choices *[]json.RawMessage `json:"choices"`
		Usage   *json.RawMessage   `json:"usage"`
	}
	return json.Unmarshal(data, &chunk) == nil && chunk.Choices != nil && len(*chunk.Choices) == 0 && chunk.Usage != nil
}
