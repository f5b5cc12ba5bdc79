// Package capped takes from a request what would have Ollama load a model anew or put it out of memory: for everybody, not only for who asks.
//
// Ollama reloads a model when an option of its runner differs from those that it was loaded with, a smaller `num_ctx` too (needsReload in server/sched.go); a
// `keep_alive` replaces the pool's, and 0 ends the model. Their keys are blanked where they stand, and a key that Ollama does not know is one that it leaves
// alone: nothing gets longer or shorter, nothing is kept, and a body in which nothing has to change passes byte by byte.
package capped

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
)

// keepAlive stands beside the model, all else in `options`.
const keepAlive = "keep_alive"

// runner is what Ollama 0.17.4 compares (Runner in api/types.go), and the option that asks for another program (scheduleRunner in server/routes.go).
var runner = []string{"num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "use_imagegen_runner"}

// Options lists all that may be taken, for metrics.
func Options() []string { return append([]string{keepAlive}, runner...) }

// Each character of a key may be written as \uXXXX; a longer key is none of these.
const mostKey = 6 * len("use_imagegen_runner")

// Reader passes a body on.
type Reader struct {
	from    io.Reader
	failure error // of `from`, told once all before it has been passed on
	piece   []byte
	seen    []byte // of the piece, with keys blanked, but for one that has not ended
	ready   []byte // what of it is not passed on yet

	at      place
	depth   int     // of objects and arrays
	object  [2]bool // whether the outermost two are objects
	options bool    // the value at hand of the request is that of `options`
	escape  bool
	key     []byte

	mutex sync.Mutex
	taken []string
}

type place byte

const (
	between place = iota
	inText
	inKey
	wantsKey // behind { or , of an object
	over     // the value at the top has ended: Ollama reads no further
)

// NewReader of a body for one of Ollama's own paths. Those of other APIs carry none of this: Ollama makes its own request from theirs.
func NewReader(from io.Reader) *Reader {
	return &Reader{from: from, piece: make([]byte, 4<<10)}
}

// Taken names what was taken so far, each once, sorted.
func (r *Reader) Taken() []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.taken)
}

// Read passes the next piece on. A key is held back until its end.
func (r *Reader) Read(into []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.failure != nil {
			return 0, r.failure
		}
		n, err := r.from.Read(r.piece)
		r.seen = r.seen[:0]
		for _, c := range r.piece[:n] {
			r.next(c)
		}
		if err != nil {
			r.seen, r.key, r.failure = append(r.seen, r.key...), nil, err // a key that was cut off
		}
		r.ready = r.seen
	}
	n := copy(into, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

func (r *Reader) next(c byte) {
	switch r.at {
	case inKey:
		r.inKey(c)
		return
	case inText:
		r.inText(c)
	case over:
	default:
		r.between(c)
	}
	r.seen = append(r.seen, c)
}

func (r *Reader) inText(c byte) {
	switch {
	case r.escape:
		r.escape = false
	case c == '\\':
		r.escape = true
	case c == '"':
		r.at = between
	}
}

func (r *Reader) between(c byte) {
	switch c {
	case '"':
		if r.at == wantsKey && r.watched() {
			r.at = inKey
		} else {
			r.at = inText
		}
	case '{', '[':
		if r.depth < len(r.object) {
			r.object[r.depth] = c == '{'
		}
		r.depth++
		r.at = between
		if c == '{' {
			r.at = wantsKey
		}
	case '}', ']':
		r.depth--
		r.at = between
		if r.depth <= 0 {
			r.at = over
		}
	case ',':
		r.at = between
		if r.depth > 0 && r.depth <= len(r.object) && r.object[r.depth-1] {
			r.at = wantsKey
		}
	}
}

// watched: the key that begins is one of the request's, or of its options.
func (r *Reader) watched() bool {
	return r.depth == 1 || r.depth == 2 && r.object[0] && r.object[1] && r.options
}

func (r *Reader) inKey(c byte) {
	switch {
	case r.escape:
		r.escape = false
	case c == '\\':
		r.escape = true
	case c == '"':
		r.endKey()
		r.seen, r.key, r.at = append(append(r.seen, r.key...), c), r.key[:0], between
		return
	}
	r.key = append(r.key, c)
	if len(r.key) > mostKey { // none that is looked for
		r.options = r.options && r.depth == 2
		r.seen, r.key, r.at = append(r.seen, r.key...), r.key[:0], inText
	}
}

func (r *Reader) endKey() {
	name := decoded(r.key)
	if r.depth == 1 {
		r.options = strings.EqualFold(name, "options")
		if strings.EqualFold(name, keepAlive) {
			r.take(keepAlive)
		}
		return
	}
	if i := slices.IndexFunc(runner, func(one string) bool { return strings.EqualFold(one, name) }); i >= 0 {
		r.take(runner[i])
	}
}

func (r *Reader) take(option string) {
	for i := range r.key {
		r.key[i] = ' '
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if at, found := slices.BinarySearch(r.taken, option); !found {
		r.taken = slices.Insert(r.taken, at, option)
	}
}

// decoded key, as Ollama reads it: "keep\u005falive" is keep_alive, in any case.
func decoded(key []byte) string {
	var name string
	if json.Unmarshal(slices.Concat([]byte{'"'}, key, []byte{'"'}), &name) != nil {
		return "" // no JSON, and so refused
	}
	return name
}
