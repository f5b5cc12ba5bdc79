// Package route says which requests may pass to a model server: an exact allow list, all else is refused.
package route

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Dialect is how errors of a path are written.
type Dialect int

const (
	Ollama Dialect = iota
	OpenAI
	Anthropic
)

// Operations as OpenTelemetry names them (gen_ai.operation.name).
const (
	Chat       = "chat"
	Completion = "text_completion"
	Embeddings = "embeddings"
	Images     = "generate_content"
)

// Route is a path that may pass.
type Route struct {
	// Path as it goes on.
	Path    string
	Dialect Dialect
	// Operation of an inference, which takes a slot and is counted; "": information only.
	Operation string
	// methods; HEAD goes with GET.
	method string
}

// Inference tells whether the model has to work for it.
func (r Route) Inference() bool { return r.Operation != "" }

var allowed = index([]Route{
	{"/", Ollama, "", http.MethodGet},
	{"/api/version", Ollama, "", http.MethodGet},
	{"/api/tags", Ollama, "", http.MethodGet},
	{"/api/ps", Ollama, "", http.MethodGet},
	{"/api/show", Ollama, "", http.MethodPost},
	{"/api/generate", Ollama, Completion, http.MethodPost},
	{"/api/chat", Ollama, Chat, http.MethodPost},
	{"/api/embed", Ollama, Embeddings, http.MethodPost},
	{"/api/embeddings", Ollama, Embeddings, http.MethodPost},
	{"/v1/models", OpenAI, "", http.MethodGet},
	{"/v1/chat/completions", OpenAI, Chat, http.MethodPost},
	{"/v1/completions", OpenAI, Completion, http.MethodPost},
	{"/v1/embeddings", OpenAI, Embeddings, http.MethodPost},
	{"/v1/responses", OpenAI, Chat, http.MethodPost},
	{"/v1/images/generations", OpenAI, Images, http.MethodPost},
	{"/v1/images/edits", OpenAI, Images, http.MethodPost},
	{"/v1/messages", Anthropic, Chat, http.MethodPost},
})

// One model, as Ollama's own route takes it: a single segment.
var oneModel = regexp.MustCompile(`^/v1/models/[A-Za-z0-9][A-Za-z0-9._:-]*$`)

func index(routes []Route) map[string]Route {
	byPath := make(map[string]Route, len(routes))
	for _, one := range routes {
		byPath[one.Path] = one
	}
	return byPath
}

// admin is what changes the models of a server (`/api/pull` and the like).
var admin = map[string]bool{"pull": true, "push": true, "create": true, "delete": true, "copy": true, "blobs": true}

// Verdict on a request.
type Verdict struct {
	Route Route
	// Status is 0 when it may pass, else that of the refusal.
	Status int
	// Blocked is the administrative path that it is in truth ("/api/pull"); "other" for any other that is not on the list; "" when it is.
	Blocked string
	Dialect Dialect
	// Allow lists methods for 405.
	Allow string
}

// Judge looks at method and path. Only a path that is written as on the list passes; an administrative one is recognised in every spelling.
func Judge(method string, address *url.URL) Verdict {
	given := address.EscapedPath()
	if found, ok := allowed[given]; ok {
		return found.judge(method)
	}
	if oneModel.MatchString(given) {
		return Route{Path: given, Dialect: OpenAI, method: http.MethodGet}.judge(method)
	}
	plain := normal(given)
	if parts := strings.Split(plain, "/"); len(parts) >= 3 && parts[1] == "api" && admin[parts[2]] {
		return Verdict{Status: http.StatusForbidden, Blocked: "/api/" + parts[2]}
	}
	return Verdict{Status: http.StatusNotFound, Blocked: "other", Dialect: dialectOf(plain)}
}

func (r Route) judge(method string) Verdict {
	if method == r.method || method == http.MethodHead && r.method == http.MethodGet {
		return Verdict{Route: r, Dialect: r.Dialect}
	}
	allow := r.method
	if allow == http.MethodGet {
		allow = "GET, HEAD"
	}
	return Verdict{Status: http.StatusMethodNotAllowed, Allow: allow, Dialect: r.Dialect}
}

func dialectOf(plain string) Dialect {
	switch {
	case strings.HasPrefix(plain, "/v1/messages"):
		return Anthropic
	case strings.HasPrefix(plain, "/v1/"):
		return OpenAI
	}
	return Ollama
}

// normal is what a lenient server might read: percent signs decoded until none is left, backslashes turned, control characters and matrix parameters dropped,
// dots and doubled slashes resolved, lower case.
func normal(given string) string {
	for range 8 {
		decoded, err := url.PathUnescape(given)
		if err != nil || decoded == given {
			break
		}
		given = decoded
	}
	given = strings.Map(func(r rune) rune {
		switch {
		case r == '\\':
			return '/'
		case r <= ' ' || r == 0x7f:
			return -1
		}
		return r
	}, given)
	parts := strings.Split(given, "/")
	for i, part := range parts {
		parts[i], _, _ = strings.Cut(part, ";")
	}
	return strings.ToLower(path.Clean("/" + strings.Join(parts, "/")))
}
