package server

import "sync"

// Buffers are reused: an answer of thousands of pieces needs one.
type Buffers struct{ pool sync.Pool }

const bufferSize = 32 << 10

// NewBuffers for a reverse proxy.
func NewBuffers() *Buffers { return &Buffers{} }

// Get one.
func (b *Buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, bufferSize)
}

// Put it back.
func (b *Buffers) Put(buffer []byte) { b.pool.Put(&buffer) }
