// Package reqbody reads the beginning of a request's body, to learn which model it asks for and to be able to send it again.
package reqbody

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync/atomic"

	"openshift-ai-platform/images/model-proxy/internal/jsonscan"
	"openshift-ai-platform/images/model-proxy/internal/memory"
)

// first is what every request may keep, whatever the budget; then the buffer doubles.
const first = 4 << 10

// Body is a request's body: its beginning, kept, and the rest, not read yet.
type Body struct {
	// Model that the beginning asks for; "" when it does not say.
	Model string
	// Complete: all of it is kept, so that it can be sent any number of times.
	Complete bool

	head    []byte
	rest    io.Reader
	touched atomic.Bool
	budget  *memory.Budget
	taken   int64
}

// Read keeps up to `most` bytes, fewer when the budget is used up. Release the body when the request has ended.
// Errors are the client's: it went away or sent nothing for too long.
func Read(from io.Reader, most int, budget *memory.Budget) (*Body, error) {
	body := &Body{rest: from, budget: budget}
	finder := newFinder()
	for len(body.head) < most {
		if len(body.head) == cap(body.head) && !body.grow(most) {
			return body, nil
		}
		n, err := from.Read(body.head[len(body.head):min(cap(body.head), most)])
		finder.feed(body.head[len(body.head) : len(body.head)+n])
		body.head = body.head[:len(body.head)+n]
		body.Model = finder.model
		if errors.Is(err, io.EOF) {
			body.Complete = true
			return body, nil
		}
		if err != nil {
			body.Release()
			return nil, err
		}
	}
	return body, nil
}

// grow doubles the buffer; false: the budget is used up.
func (b *Body) grow(most int) bool {
	size := min(max(2*cap(b.head), first), most)
	if more := int64(size - cap(b.head)); size > first {
		if !b.budget.Take(more) {
			return false
		}
		b.taken += more
	}
	grown := make([]byte, len(b.head), size)
	copy(grown, b.head)
	b.head = grown
	return true
}

// Size of what is kept, in bytes; the whole body's when it is complete.
func (b *Body) Size() int { return len(b.head) }

// Kept is what is kept; the whole body when it is complete.
func (b *Body) Kept() []byte { return b.head }

// Again tells whether it can be sent (once more).
func (b *Body) Again() bool { return b.Complete || !b.touched.Load() }

// Reader of the whole body, for one attempt to send it.
func (b *Body) Reader() io.ReadCloser {
	if b.Complete {
		return io.NopCloser(bytes.NewReader(b.head))
	}
	return io.NopCloser(io.MultiReader(bytes.NewReader(b.head), &touching{b}))
}

// Release gives the memory back.
func (b *Body) Release() {
	b.budget.Give(b.taken)
	b.taken = 0
}

type touching struct{ body *Body }

func (t *touching) Read(into []byte) (int, error) {
	t.body.touched.Store(true)
	return t.body.rest.Read(into)
}

// finder looks for the key "model" at the top, as Ollama does: in any case, the last one wins.
type finder struct {
	scanner jsonscan.Scanner
	model   string
}

func newFinder() *finder {
	found := &finder{}
	found.scanner.OnValue = func(path []byte, kind jsonscan.Kind, text []byte, size int) {
		if kind == jsonscan.String && len(path) == len("model") && strings.EqualFold(string(path), "model") && size == len(text) {
			found.model = string(text)
		}
	}
	return found
}

func (f *finder) feed(text []byte) { f.scanner.Feed(text) }
