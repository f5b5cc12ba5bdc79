package gateway

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/keys"
	"openshift-ai-platform/images/model-proxy/internal/names"
	"openshift-ai-platform/images/model-proxy/internal/refuse"
	"openshift-ai-platform/images/model-proxy/internal/route"
)

const requestID = "X-Request-Id"

var goodID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

func (g *gateway) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	arrived := time.Now()
	id := request.Header.Get(requestID)
	if !goodID.MatchString(id) {
		id = "req-" + keys.NewID() + keys.NewID()
	}
	w.Header().Set(requestID, id)
	if g.draining.Load() {
		w.Header().Set("Connection", "close") // the next request goes to another gateway
	}
	path := request.URL.EscapedPath()
	switch {
	case strings.HasPrefix(path, adminPrefix):
		g.admin.ServeHTTP(w, request)
		return
	case path == "/v1/me" || path == "/v1/usage":
		g.own(w, request, path)
		return
	}
	verdict := route.Judge(request.Method, request.URL)
	switch {
	case !strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/v1/images/"):
		g.refuse(w, noPath, route.OpenAI)
		return
	case verdict.Status == http.StatusMethodNotAllowed:
		refuse.Path(w, verdict)
		return
	case verdict.Status != 0:
		g.refuse(w, noPath, verdict.Dialect)
		return
	case verdict.Route.Inference():
		g.inference(w, request, &call{gateway: g, route: verdict.Route, request: id, arrived: arrived})
		return
	}
	g.models(w, request, path)
}

// refuse with a refusal, and count it.
func (g *gateway) refuse(w http.ResponseWriter, refusal *refuse.Refusal, dialect route.Dialect) {
	g.metrics.refusals.WithLabelValues(refusal.Code).Inc()
	switch {
	case refusal.Status == http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case refusal.Code == "insufficient_quota" && refusal.RetryAfter > 60:
		w.Header().Set("X-Should-Retry", "false") // OpenAI's clients would try again at once
	case refusal == slowBody || refusal.Status == http.StatusRequestEntityTooLarge:
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second)) // nobody waits for the rest of the body
	}
	refusal.Write(w, dialect)
}

// own tells a key about itself.
func (g *gateway) own(w http.ResponseWriter, request *http.Request, path string) {
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		refuse.Path(w, route.Verdict{Status: http.StatusMethodNotAllowed, Allow: "GET, HEAD", Dialect: route.OpenAI})
		return
	}
	who, refusal := g.identify(request, true)
	if refusal != nil {
		g.refuse(w, refusal, route.OpenAI)
		return
	}
	if path == "/v1/me" {
		g.me(w, request, who)
		return
	}
	g.ownUsage(w, request, who)
}

// model as OpenAI describes one.
type model struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// models that the key may use: all, or the one of the path.
func (g *gateway) models(w http.ResponseWriter, request *http.Request, path string) {
	who, refusal := g.identify(request, true)
	if refusal != nil {
		g.refuse(w, refusal, route.OpenAI)
		return
	}
	if asked, one := strings.CutPrefix(path, "/v1/models/"); one {
		label := g.labels.Of(asked)
		if refusal := who.forbidden(asked, label, label != names.Other); refusal != nil {
			g.refuse(w, refusal, route.OpenAI)
			return
		}
		reply(w, http.StatusOK, model{label, "model", created, "platform"})
		return
	}
	list := make([]model, 0, len(who.models))
	for _, name := range slices.Sorted(slices.Values(who.models)) {
		list = append(list, model{name, "model", created, "platform"})
	}
	reply(w, http.StatusOK, map[string]any{"object": "list", "data": list})
}

// Clients want a time; the gateway knows none.
const created = 1_700_000_000
