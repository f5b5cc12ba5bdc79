// Package server has what all listeners of the program share: limits against slow and greedy clients, none for long answers.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	headerTime = 10 * time.Second
	// IdleTime is longer than a client of ours keeps an idle connection: who closes first decides whether a request meets a closed one.
	IdleTime     = 5 * time.Minute
	ClientIdle   = time.Minute
	mostHeader   = 64 << 10
	BodyStall    = 30 * time.Second
	answerWithin = 15 * time.Second
)

// Server has its address; it serves when Serve is called.
type Server struct {
	name     string
	http     *http.Server
	listener net.Listener
}

// ForTraffic has no limit on how long an answer takes.
func ForTraffic(address string, handler http.Handler) (*Server, error) {
	return open("traffic", address, &http.Server{Handler: handler})
}

// ForMetrics is for short answers.
func ForMetrics(address string, handler http.Handler) (*Server, error) {
	return open("metrics", address, &http.Server{Handler: handler, ReadTimeout: headerTime, WriteTimeout: answerWithin})
}

// ForAdmin answers when it is done.
func ForAdmin(address string, handler http.Handler) (*Server, error) {
	return open("admin", address, &http.Server{Handler: handler})
}

// Observed answers on the port of metrics: alive as long as it answers, ready while `unready` has nothing to say.
func Observed(metrics http.Handler, unready func(*http.Request) string) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, request *http.Request) {
		if reason := unready(request); reason != "" {
			http.Error(w, reason, http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
	return mux
}

func open(name, address string, server *http.Server) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	server.ReadHeaderTimeout = headerTime
	server.IdleTimeout = IdleTime
	server.MaxHeaderBytes = mostHeader
	// Broken connections of clients are counted, not logged.
	server.ErrorLog = slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)
	return &Server{name: name, http: server, listener: listener}, nil
}

// Serve until Close or Shutdown; tells `failed` when it can't go on.
func (s *Server) Serve(failed chan<- error) {
	slog.Info("listening", "for", s.name, "address", s.listener.Addr().String())
	go func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
}

// Shutdown lets requests end until the limit has passed, then closes what is left. True: all ended.
func (s *Server) Shutdown(limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ended := s.http.Shutdown(ctx) == nil
	_ = s.http.Close()
	return ended
}

// Close at once.
func (s *Server) Close() { _ = s.http.Close() }
