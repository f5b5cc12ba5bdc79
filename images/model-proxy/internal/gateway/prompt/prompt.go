// Package prompt reads what a request asks for, and writes it as it goes to a model server: its model, how long its answer may be, whether it counts its tokens.
package prompt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"openshift-ai-platform/images/model-proxy/internal/jsonscan"
)

// A token has about so many bytes. An image costs a model about so many tokens, whatever the size of its file.
const (
	bytesPerToken  = 4
	tokensPerImage = 1024
)

const mostChoices = 128

// Request for inference.
type Request struct {
	Model  string
	Stream bool
	// Counted: the client wants the count of tokens at the end of a stream.
	Counted bool
	// Output tokens of each choice that the client allows; 0: it does not say.
	Output int64
	// Choices that are generated, one at least.
	Choices int64
	// Input tokens, estimated.
	Input int64

	path    string
	prompts int64
	text    []byte
	fields  []field
	options json.RawMessage // stream_options
	limits  map[string]int64
}

// limitsOf a path: fields that bound an answer. The first is set always, the others where the client gave them.
func limitsOf(path string) []string {
	switch path {
	case "/v1/chat/completions":
		return []string{"max_tokens", "max_completion_tokens"}
	case "/v1/responses":
		return []string{"max_output_tokens"}
	case "/v1/embeddings":
		return nil
	}
	return []string{"max_tokens"}
}

// Read a body. Errors are the client's, to be told.
func Read(path string, text []byte) (*Request, error) {
	found, err := fields(text)
	if err != nil {
		return nil, err
	}
	r := &Request{path: path, text: text, fields: found, Choices: 1, prompts: 1, Input: estimate(text), limits: map[string]int64{}}
	seen := map[string]bool{}
	for _, one := range found {
		name := r.own(one.key)
		if name == "" {
			continue
		}
		// A model server may take either for the other: it would be a way past the limits.
		if name != one.key || seen[name] {
			return nil, fmt.Errorf("%s: it stands there twice or in another case; write it once, in lower case", name)
		}
		seen[name] = true
		if err := r.take(name, text[one.value:one.to]); err != nil {
			return nil, err
		}
	}
	if r.Choices *= r.prompts; r.Choices > mostChoices {
		return nil, fmt.Errorf("prompt, n, best_of: they ask for %d answers, must be %d at most; send several requests", r.Choices, mostChoices)
	}
	if r.Model == "" {
		return nil, fmt.Errorf("model: missing; name the model that shall answer")
	}
	return r, nil
}

// own is the field that a key means, of those that are read here; "": none.
func (r *Request) own(key string) string {
	for _, name := range append(limitsOf(r.path), "model", "stream", "stream_options", "n", "best_of", "prompt") {
		if strings.EqualFold(name, key) {
			return name
		}
	}
	return ""
}

func (r *Request) take(name string, value json.RawMessage) error {
	if string(value) == "null" {
		return nil
	}
	switch name {
	case "model":
		if json.Unmarshal(value, &r.Model) != nil {
			return fmt.Errorf("model: got %.80s, must be a name", value)
		}
	case "stream":
		if json.Unmarshal(value, &r.Stream) != nil {
			return fmt.Errorf("stream: got %.80s, must be true or false", value)
		}
	case "stream_options":
		var options struct {
			Include bool `json:"include_usage"`
		}
		if json.Unmarshal(value, &options) != nil {
			return fmt.Errorf("stream_options: got %.80s, must be an object", value)
		}
		r.options, r.Counted = value, options.Include
	case "n", "best_of":
		number, err := whole(name, value, mostChoices)
		if err != nil {
			return err
		}
		r.Choices = max(r.Choices, number)
	case "prompt":
		var several []json.RawMessage
		if json.Unmarshal(value, &several) == nil && len(several) > 0 && strings.IndexByte("\"[", several[0][0]) >= 0 {
			r.prompts = int64(len(several)) // each has answers of its own
		}
	default:
		number, err := whole(name, value, math.MaxInt32)
		if err != nil {
			return err
		}
		r.limits[name] = number
		if r.Output == 0 || number < r.Output {
			r.Output = number
		}
	}
	return nil
}

// whole number from 1; what is more than `most` is read as that.
func whole(name string, value json.RawMessage, most int64) (int64, error) {
	var number float64
	if json.Unmarshal(value, &number) != nil || number < 1 || number != math.Trunc(number) {
		return 0, fmt.Errorf("%s: got %.80s, must be a whole number from 1", name, value)
	}
	if number > float64(most) {
		return most, nil
	}
	return int64(number), nil
}

// Generates tells whether the answer is text of the model's.
func (r *Request) Generates() bool { return len(limitsOf(r.path)) > 0 }

// asksForCount tells whether a model server has to be asked to count the tokens of a stream.
func (r *Request) asksForCount() bool {
	return r.Stream && (r.path == "/v1/chat/completions" || r.path == "/v1/completions")
}

// Hides tells whether the stream's count is not for the client.
func (r *Request) Hides() bool { return r.asksForCount() && !r.Counted }

// Body for a model server: the model by this name, and at most so many tokens for each choice. All else stays as it came.
func (r *Request) Body(model string, output int64) (io.Reader, int64) {
	var start bytes.Buffer
	name, _ := json.Marshal(model) // text: it can't fail
	fmt.Fprintf(&start, `{"model":%s`, name)
	for i, limit := range limitsOf(r.path) {
		given, is := r.limits[limit]
		switch {
		case is:
			fmt.Fprintf(&start, `,"%s":%d`, limit, min(given, output))
		case i == 0:
			fmt.Fprintf(&start, `,"%s":%d`, limit, output)
		}
	}
	if r.asksForCount() {
		fmt.Fprintf(&start, `,"stream_options":%s`, counting(r.options))
	} else if r.options != nil {
		fmt.Fprintf(&start, `,"stream_options":%s`, r.options)
	}
	parts := []io.Reader{&start}
	size := int64(start.Len()) + 1
	for _, one := range r.fields {
		if r.replaces(one.key) {
			continue
		}
		parts = append(parts, strings.NewReader(","), bytes.NewReader(r.text[one.from:one.to]))
		size += int64(one.to-one.from) + 1
	}
	return io.MultiReader(append(parts, strings.NewReader("}"))...), size
}

func (r *Request) replaces(key string) bool {
	switch r.own(key) {
	case "", "stream", "n", "best_of", "prompt":
		return false
	}
	return true
}

// counting is the client's stream_options with include_usage.
func counting(options json.RawMessage) []byte {
	all := map[string]json.RawMessage{}
	_ = json.Unmarshal(options, &all) // it was read as an object, or is not there
	all["include_usage"] = json.RawMessage("true")
	text, _ := json.Marshal(all)
	return text
}

// estimate of the tokens of a body, too high rather than too low: with its punctuation, without the bytes of images.
func estimate(text []byte) int64 {
	size, images := len(text), 0
	var scanner jsonscan.Scanner
	scanner.OnValue = func(path []byte, kind jsonscan.Kind, text []byte, length int) {
		if kind == jsonscan.String && (bytes.HasPrefix(text, []byte("data:")) || bytes.HasSuffix(path, []byte("source.data"))) {
			size -= length
			images++
		}
	}
	scanner.Feed(text)
	return int64(max(size, 0)+bytesPerToken-1)/bytesPerToken + int64(images)*tokensPerImage
}
