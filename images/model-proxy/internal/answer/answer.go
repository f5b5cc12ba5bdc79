// Package answer reads answers of a model server as they pass by: when content came, how many tokens, what it took.
package answer

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/jsonscan"
)

// Unknown count.
const Unknown = -1

// Observer of one answer. Not safe for use by several goroutines.
type Observer struct {
	// FirstContent and LastContent are when pieces with content arrived; zero: none has.
	FirstContent, LastContent time.Time
	// Pieces with content.
	Pieces int
	// Input and Output tokens as the server counts them, or Unknown.
	Input, Output int
	// Load, Eval and Total are times that Ollama reports; zero: it does not.
	Load, Eval, Total time.Duration
	// Failed: an error stands in the answer, after its status was sent.
	Failed bool
	// Streamed tells whether the content comes in pieces.
	Streamed bool

	framing framing
	scanner jsonscan.Scanner
	content bool // the value at hand has content
	now     time.Time

	// Server-sent events: the field name of the line at hand, and where in the line we are.
	field   []byte
	inField bool
	data    bool
}

type framing byte

const (
	whole framing = iota
	lines
	events
)

// New observes an answer of the given Content-Type.
func New(contentType string) *Observer {
	o := &Observer{Input: Unknown, Output: Unknown, inField: true}
	switch {
	case strings.HasPrefix(contentType, "application/x-ndjson"):
		o.framing = lines
	case strings.HasPrefix(contentType, "text/event-stream"):
		o.framing = events
	}
	o.Streamed = o.framing != whole
	o.scanner.OnValue = o.value
	o.scanner.OnEnd = o.end
	return o
}

// Feed reads the next piece, which arrived at `now`.
func (o *Observer) Feed(piece []byte, now time.Time) {
	o.now = now
	switch o.framing {
	case events:
		o.events(piece)
	case lines:
		o.lines(piece)
	default:
		o.scanner.Feed(piece)
	}
}

// lines starts anew at the end of a line that is no JSON.
func (o *Observer) lines(piece []byte) {
	for len(piece) > 0 {
		line := piece
		if at := bytes.IndexByte(piece, '\n'); at >= 0 {
			line = piece[:at+1]
		}
		o.scanner.Feed(line)
		if o.scanner.Broken() && line[len(line)-1] == '\n' {
			o.scanner.Reset()
		}
		piece = piece[len(line):]
	}
}

// events feeds the `data` fields only.
func (o *Observer) events(piece []byte) {
	for i := 0; i < len(piece); {
		if !o.inField && o.data {
			end := i
			for end < len(piece) && piece[end] != '\n' {
				end++
			}
			o.scanner.Feed(piece[i:end])
			i = end
			if i == len(piece) {
				return
			}
		}
		c := piece[i]
		i++
		switch {
		case c == '\n':
			if o.inField && len(o.field) == 0 { // an empty line ends the event
				o.scanner.Reset()
			}
			if o.scanner.Broken() { // such as [DONE]
				o.scanner.Reset()
			}
			o.inField, o.data, o.field = true, false, o.field[:0]
		case !o.inField || c == '\r':
		case c == ':':
			o.inField, o.data = false, string(o.field) == "data"
		case len(o.field) < 8:
			o.field = append(o.field, c)
		}
	}
}

func (o *Observer) value(path []byte, kind jsonscan.Kind, text []byte, size int) {
	if kind == jsonscan.String {
		o.text(path, size)
		return
	}
	// The switches on string(path) and the parsing allocate nothing.
	switch string(path) {
	case "prompt_eval_count", "usage.prompt_tokens", "usage.input_tokens", "response.usage.input_tokens", "message.usage.input_tokens":
		count(&o.Input, text)
	case "eval_count", "usage.completion_tokens", "usage.output_tokens", "response.usage.output_tokens":
		count(&o.Output, text)
	case "load_duration":
		nanoseconds(&o.Load, text)
	case "eval_duration":
		nanoseconds(&o.Eval, text)
	case "total_duration":
		nanoseconds(&o.Total, text)
	}
}

func (o *Observer) text(path []byte, size int) {
	switch string(path) {
	case "response", "thinking", // Ollama
		"message.content", "message.thinking", "message.tool_calls.function.name",
		"choices.text", "choices.delta.content", "choices.delta.reasoning", "choices.delta.reasoning_content", // OpenAI
		"choices.delta.tool_calls.function.name", "choices.delta.tool_calls.function.arguments",
		"delta",                                              // OpenAI's responses
		"delta.text", "delta.thinking", "delta.partial_json": // Anthropic
		o.content = o.content || size > 0
	case "error", "error.message":
		o.Failed = o.Failed || size > 0
	}
}

func (o *Observer) end() {
	if o.content && o.Streamed {
		if o.Pieces == 0 {
			o.FirstContent = o.now
		}
		o.LastContent = o.now
		o.Pieces++
	}
	o.content = false
}

func count(into *int, text []byte) {
	if number, err := strconv.Atoi(string(text)); err == nil && number >= 0 {
		*into = number
	}
}

func nanoseconds(into *time.Duration, text []byte) {
	if number, err := strconv.ParseInt(string(text), 10, 64); err == nil && number >= 0 {
		*into = time.Duration(number)
	}
}
