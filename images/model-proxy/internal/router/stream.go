package router

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"openshift-ai-platform/images/model-proxy/internal/refuse"
)

var lostReplica = refuse.Refusal{
	Status: http.StatusBadGateway, Code: "replica_lost", Message: "the model server was lost in the middle of its answer; ask again",
}

// stream is an answer on its way to the client. One that breaks off gets an error as its last piece, in its dialect, before the connection is cut.
type stream struct {
	body     io.ReadCloser
	call     *call
	client   context.Context
	metrics  *metrics
	farewell []byte
	cut      error
	release  func()
	once     sync.Once
}

func (s *stream) Read(into []byte) (int, error) {
	if s.cut != nil {
		return s.ending(into)
	}
	n, err := s.body.Read(into)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		s.call.ended = true
	case s.client.Err() != nil:
	default:
		s.call.broken = true
		s.metrics.broken.Inc()
		s.cut = err
		return n, nil
	}
	return n, err
}

func (s *stream) ending(into []byte) (int, error) {
	n := copy(into, s.farewell)
	s.farewell = s.farewell[n:]
	if len(s.farewell) > 0 {
		return n, nil
	}
	return n, s.cut
}

func (s *stream) Close() error {
	s.once.Do(s.release)
	return s.body.Close()
}

// closing does something after the body was closed.
type closing struct {
	io.ReadCloser
	after func()
}

func (c *closing) Close() error {
	defer c.after()
	return c.ReadCloser.Close()
}
