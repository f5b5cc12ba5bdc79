package route

import (
	"net/http"
	"net/url"
	"testing"
)

func judge(t *testing.T, method, target string) Verdict {
	t.Helper()
	address, err := url.ParseRequestURI(target)
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	return Judge(method, address)
}

func TestWhatPasses(t *testing.T) {
	for target, operation := range map[string]string{
		"GET /": "", "HEAD /": "", "GET /api/version": "", "GET /api/tags": "", "HEAD /api/ps": "", "POST /api/show": "", "GET /v1/models": "", "GET /v1/models/tiny:1": "",
		"POST /api/generate": Completion, "POST /api/chat": Chat, "POST /api/embed": Embeddings, "POST /api/embeddings": Embeddings,
		"POST /v1/chat/completions": Chat, "POST /v1/completions": Completion, "POST /v1/embeddings": Embeddings, "POST /v1/responses": Chat, "POST /v1/messages": Chat,
	} {
		method, path, _ := cut(target)
		verdict := judge(t, method, path)
		if verdict.Status != 0 || verdict.Route.Operation != operation || verdict.Route.Path != path {
			t.Errorf("%s: %+v", target, verdict)
		}
	}
}

func cut(target string) (method, path string, ok bool) {
	for i, c := range target {
		if c == ' ' {
			return target[:i], target[i+1:], true
		}
	}
	return target, "", false
}

func TestAdministrationIsRefusedInEverySpelling(t *testing.T) {
	for target, path := range map[string]string{
		"/api/pull": "/api/pull", "/api/push": "/api/push", "/api/create": "/api/create", "/api/delete": "/api/delete", "/api/copy": "/api/copy",
		"/api/blobs/sha256:abc": "/api/blobs", "/api/pull/": "/api/pull", "//api//pull": "/api/pull", "/api/./pull": "/api/pull", "/x/../api/pull": "/api/pull",
		"/api/%70ull": "/api/pull", "/api/%2570ull": "/api/pull", "/api%2fpull": "/api/pull", "/API/Pull": "/api/pull", "/api\\pull": "/api/pull", "/api/pull;x=1": "/api/pull",
		"/api/generate/../pull": "/api/pull", "/api/chat/%2e%2e/pull": "/api/pull", "/api/pull%00": "/api/pull", "/api/pu%0all": "/api/pull", "/api/pull?x=1": "/api/pull",
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS", "BREW"} {
			if verdict := judge(t, method, target); verdict.Status != http.StatusForbidden || verdict.Blocked != path {
				t.Errorf("%s %s: %+v", method, target, verdict)
			}
		}
	}
}

func TestAllElseIsRefused(t *testing.T) {
	for _, target := range []string{
		"/api/status", "/api/me", "/api/signout", "/api/experimental/aliases", "/api/user/keys/x", "/metrics", "/api", "/api/generate/", "//api/generate", "/api/Generate",
		"/api/%67enerate", "/v1", "/v1/files", "/v1/models/a/b", "/v1/models/a%2Fb", "/v1/models/..", "/v1/models/", "/debug/pprof",
	} {
		if verdict := judge(t, "POST", target); verdict.Status != http.StatusNotFound || verdict.Blocked != "other" {
			t.Errorf("%s: %+v", target, verdict)
		}
	}
}

func TestMethods(t *testing.T) {
	for target, allow := range map[string]string{"GET /api/generate": "POST", "DELETE /api/chat": "POST", "POST /api/tags": "GET, HEAD", "OPTIONS /v1/models": "GET, HEAD"} {
		method, path, _ := cut(target)
		if verdict := judge(t, method, path); verdict.Status != http.StatusMethodNotAllowed || verdict.Allow != allow {
			t.Errorf("%s: %+v", target, verdict)
		}
	}
}
