// Package refuse writes errors as the clients of each API expect them.
package refuse

import (
	"encoding/json"
	"net/http"
	"strconv"

	"openshift-ai-platform/images/model-proxy/internal/route"
)

// Header tells a router why a sidecar refused, and that it may ask another replica.
const Header = "X-Model-Proxy"

// Values of Header in answers.
const (
	Draining    = "draining"
	Full        = "full"
	Unavailable = "unavailable" // the model server takes no connection
	Lost        = "lost"        // the model server closed the connection before it answered
)

// Check in a request from the pod itself: it neither waits nor counts, but for the time that a model took to load.
const Check = "check"

// Refusal is an answer that is not the model server's.
type Refusal struct {
	Status  int
	Message string
	// Code for programs: "queue_full".
	Code string
	// RetryAfter in seconds; 0: not said.
	RetryAfter int
	// Reason goes into Header; "": none.
	Reason string
}

func (r Refusal) Error() string { return r.Message }

// Write answers with the refusal.
func (r Refusal) Write(w http.ResponseWriter, dialect route.Dialect) {
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	if r.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	if r.Reason != "" {
		header.Set(Header, r.Reason)
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(append(r.JSON(dialect), '\n'))
}

// JSON of the error in a dialect.
func (r Refusal) JSON(dialect route.Dialect) []byte {
	var body any
	switch dialect {
	case route.OpenAI:
		body = map[string]any{"error": map[string]any{"message": r.Message, "type": r.kind(), "code": r.Code, "param": nil}}
	case route.Anthropic:
		body = map[string]any{"type": "error", "error": map[string]any{"type": r.kind(), "message": r.Message}}
	default:
		body = map[string]any{"error": r.Message}
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // texts only
	}
	return text
}

// InStream is the error as a further piece of an answer that has begun, nil for one that is no stream.
func (r Refusal) InStream(dialect route.Dialect, contentType string) []byte {
	switch {
	case isType(contentType, "application/x-ndjson"):
		return append(append([]byte("\n"), r.JSON(dialect)...), '\n')
	case isType(contentType, "text/event-stream") && dialect == route.Anthropic:
		return append(append([]byte("\n\nevent: error\ndata: "), r.JSON(dialect)...), "\n\n"...)
	case isType(contentType, "text/event-stream"):
		return append(append([]byte("\n\ndata: "), r.JSON(dialect)...), "\n\n"...)
	}
	return nil
}

func isType(contentType, wanted string) bool {
	return len(contentType) >= len(wanted) && contentType[:len(wanted)] == wanted
}

func (r Refusal) kind() string {
	switch r.Status {
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusRequestTimeout:
		return "invalid_request_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusServiceUnavailable:
		return "overloaded_error"
	}
	return "api_error"
}

// Path is the refusal of what the allow list has not.
func Path(w http.ResponseWriter, verdict route.Verdict) {
	refusal := Refusal{Status: verdict.Status, Code: "not_found", Message: "this server has no such path"}
	switch verdict.Status {
	case http.StatusForbidden:
		refusal.Code = "forbidden"
		refusal.Message = verdict.Blocked + " is not allowed here: models are loaded by the platform's loader alone, from the stack's configuration (serving.models); " +
			"ask who keeps it to add or remove a model"
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", verdict.Allow)
		refusal.Code = "method_not_allowed"
		refusal.Message = "this path takes " + verdict.Allow + " only"
	}
	refusal.Write(w, verdict.Dialect)
}
