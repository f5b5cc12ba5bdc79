package reqbody

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Stalling is a body whose client has to send something every so often; a limit for the whole body would cut the answers of long requests too.
type Stalling struct {
	from       io.Reader
	controller *http.ResponseController
	limit      time.Duration

	mutex sync.Mutex
	ended bool
}

// NewStalling gives up after `limit` without a byte. End it before the handler returns.
func NewStalling(w http.ResponseWriter, from io.Reader, limit time.Duration) *Stalling {
	return &Stalling{from: from, controller: http.NewResponseController(w), limit: limit}
}

func (s *Stalling) Read(into []byte) (int, error) {
	s.deadline(time.Now().Add(s.limit))
	n, err := s.from.Read(into)
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		s.end() // the deadline stays: nor shall the server wait for the rest before it closes the connection
	case err != nil:
		s.deadline(time.Time{}) // the server goes on reading, to notice when the client goes away
	}
	return n, err
}

// End takes the limit away: the connection may wait for its next request.
func (s *Stalling) End() {
	s.deadline(time.Time{})
	s.end()
}

func (s *Stalling) end() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.ended = true
}

func (s *Stalling) deadline(at time.Time) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.ended {
		_ = s.controller.SetReadDeadline(at)
	}
}
