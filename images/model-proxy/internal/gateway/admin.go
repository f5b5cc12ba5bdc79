package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"openshift-ai-platform/images/model-proxy/internal/gateway/keys"
	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
	"openshift-ai-platform/images/model-proxy/internal/refuse"
	"openshift-ai-platform/images/model-proxy/internal/reqbody"
	"openshift-ai-platform/images/model-proxy/internal/route"
	"openshift-ai-platform/images/model-proxy/internal/server"
)

const (
	adminPrefix   = "/admin/"
	mostAdminBody = 64 << 10
	mostName      = 256
	mostAudit     = 1000
	adminTime     = 10 * time.Second
)

// administration of keys and budgets, for who has the administrator's key.
func (g *gateway) administration(keyFile string) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, serve func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, request *http.Request) {
			ctx, cancel := context.WithTimeout(request.Context(), adminTime)
			defer cancel()
			if err := serve(w, request.WithContext(ctx)); err != nil {
				g.refuse(w, g.adminRefusal(err), route.OpenAI)
			}
		})
	}
	handle("GET /admin/v1/keys", g.listKeys)
	handle("POST /admin/v1/keys", g.createKey)
	handle("POST /admin/v1/keys/{id}/rotate", g.rotateKey)
	handle("DELETE /admin/v1/keys/{id}", g.revokeKey)
	handle("GET /admin/v1/budgets", g.listBudgets)
	handle("PUT /admin/v1/budgets/{scope}/{name}", g.putBudget)
	handle("DELETE /admin/v1/budgets/{scope}/{name}", g.deleteBudget)
	handle("GET /admin/v1/audit", g.listAudit)
	mux.HandleFunc("GET /admin/v1/usage", func(w http.ResponseWriter, request *http.Request) { g.report(w, request, store.Selection{}) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { g.refuse(w, noAdminPath, route.OpenAI) })
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		wanted, err := readKey(keyFile) // each time: it may have changed
		if err != nil {
			slog.Error("the administrator's key can't be read", "error", err.Error())
		}
		if wanted == "" || !keys.Same(wanted, keys.In(request)) {
			g.refuse(w, wrongAdminKey, route.OpenAI)
			return
		}
		mux.ServeHTTP(w, request)
	})
}

var (
	wrongAdminKey = &refuse.Refusal{Status: http.StatusUnauthorized, Code: "invalid_api_key", Message: "this takes the administrator's key, as `Authorization: Bearer …`"}
	noAdminPath   = &refuse.Refusal{Status: http.StatusNotFound, Code: "not_found",
		Message: "no such path or method; there are GET and POST /admin/v1/keys, POST /admin/v1/keys/ID/rotate, DELETE /admin/v1/keys/ID, GET /admin/v1/budgets, " +
			"PUT and DELETE /admin/v1/budgets/SCOPE/NAME, GET /admin/v1/usage and GET /admin/v1/audit"}
	notThere = &refuse.Refusal{Status: http.StatusNotFound, Code: "not_found", Message: "there is none of that name"}
)

// adminRefusal of an error: a refusal, or the database's.
func (g *gateway) adminRefusal(err error) *refuse.Refusal {
	var refusal *refuse.Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal
	case errors.Is(err, store.ErrNone):
		return notThere
	}
	return g.unavailable(err)
}

// actor of a change.
func actor(request *http.Request) (store.Actor, error) {
	name := request.Header.Get("X-Actor")
	if !printable(name) {
		return store.Actor{}, wrongRequest([]string{fmt.Sprintf("header X-Actor: got %.80q, must name who changes this, in 1 to %d printable characters", name, mostName)})
	}
	return store.Actor{Name: name, Address: address(request)}, nil
}

// address that a request came from, and what those before it say of themselves.
func address(request *http.Request) string {
	host, _, err := net.SplitHostPort(request.RemoteAddr)
	if err != nil {
		host = request.RemoteAddr
	}
	if forwarded := request.Header.Get("X-Forwarded-For"); printable(forwarded) {
		return forwarded + " by " + host
	}
	return host
}

// printable text that can be a name.
func printable(text string) bool {
	return text != "" && len(text) <= mostName && utf8.ValidString(text) && text == strings.TrimSpace(text) && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// body of a request, strictly.
func body(w http.ResponseWriter, request *http.Request, into any) error {
	incoming := reqbody.NewStalling(w, http.MaxBytesReader(w, request.Body, mostAdminBody), server.BodyStall)
	defer incoming.End()
	decoder := json.NewDecoder(incoming)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return wrongRequest([]string{"the body is not as it must be: " + err.Error()})
	}
	if decoder.More() {
		return wrongRequest([]string{"the body has more than one object"})
	}
	return nil
}

// query with these parameters and no other.
func query(request *http.Request, allowed ...string) (map[string]string, error) {
	values := map[string]string{}
	for name, given := range request.URL.Query() {
		known := false
		for _, one := range allowed {
			known = known || one == name
		}
		if !known {
			return nil, wrongRequest([]string{fmt.Sprintf("%.80s: no such parameter; there are %s", name, strings.Join(allowed, ", "))})
		}
		if values[name] = given[0]; strings.ContainsRune(given[0], 0) || !utf8.ValidString(given[0]) {
			return nil, wrongRequest([]string{name + ": must be text"})
		}
	}
	return values, nil
}

func (g *gateway) listAudit(w http.ResponseWriter, request *http.Request) error {
	values, err := query(request, "from", "limit")
	if err != nil {
		return err
	}
	from, limit := time.Time{}, 100
	if text := values["from"]; text != "" {
		if from, err = moment(text); err != nil {
			return wrongRequest([]string{fmt.Sprintf("from: got %.80q, must be %s", text, err)})
		}
	}
	if text := values["limit"]; text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > mostAudit {
			return wrongRequest([]string{fmt.Sprintf("limit: got %.80q, must be a whole number from 1 to %d", text, mostAudit)})
		}
	}
	changes, err := g.store.Audit(request.Context(), from, limit)
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, map[string]any{"changes": append([]store.Change{}, changes...)})
	return nil
}
