package gateway

import (
	"net/http"
	"testing"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/answer"
	"openshift-ai-platform/images/model-proxy/internal/gateway/prompt"
)

const sse = "text/event-stream"

// answered makes a call whose answer was `text`.
func answered(t *testing.T, path, contentType, text string, status int, ended bool) *call {
	t.Helper()
	asked, err := prompt.Read(path, []byte(`{"model":"a","messages":["0123456789012345678901"]}`)) // 50 bytes
	if err != nil {
		t.Fatal(err)
	}
	c := &call{prompt: asked, sent: time.Now(), status: status, ended: ended, output: 100, bytes: int64(len(text)), seen: answer.New(contentType)}
	c.seen.Feed([]byte(text), time.Now())
	return c
}

func TestTokensAreCountedAsTheModelServerDoesElseAsTheyCame(t *testing.T) {
	const (
		chat  = "/v1/chat/completions"
		piece = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n"
		zero  = "data: {\"choices\":[{\"text\":\"x\"}],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0}}\n\n"
		usage = `{"usage":{"prompt_tokens":3,"completion_tokens":9}}`
	)
	for name, one := range map[string]struct {
		path, contentType, text string
		status                  int
		ended                   bool
		input, output           int64
	}{
		"whole":                    {chat, "application/json", usage, 200, true, 3, 9},
		"whole, not counted":       {chat, "application/json", "{\"x\":\"0123456\"}", 200, true, 13, 4},
		"an embedding":             {"/v1/embeddings", "application/json", `{"usage":{"prompt_tokens":3}}`, 200, true, 3, 0},
		"pieces":                   {chat, sse, piece + piece + "data: " + usage + "\n\n", 200, true, 3, 9},
		"pieces, not counted":      {chat, sse, piece + piece, 200, true, 13, 2},
		"pieces, cut":              {chat, sse, piece, statusGone, false, 13, 1},
		"pieces, cut, zeros":       {chat, sse, zero + zero, statusGone, false, 13, 2},
		"refused":                  {chat, "application/json", `{"error":{"message":"no"}}`, 400, true, 0, 0},
		"more than there can be":   {chat, "application/json", `{"usage":{"prompt_tokens":9000000000000000000,"completion_tokens":9}}`, 200, true, mostTokens, 9},
		"broken before any piece":  {chat, sse, "", http.StatusBadGateway, false, 0, 0},
		"a stream that says error": {chat, sse, piece + "data: {\"error\":{\"message\":\"x\"}}\n\n", http.StatusInternalServerError, true, 13, 1},
	} {
		c := answered(t, one.path, one.contentType, one.text, one.status, one.ended)
		if input, output := c.tokens(); input != one.input || output != one.output {
			t.Errorf("%s: got %d in and %d out", name, input, output)
		}
	}
}

func TestStatusUnderWhichARequestIsCounted(t *testing.T) {
	gone := &call{status: 0}
	gone.decide(true)
	refused := &call{status: http.StatusServiceUnavailable}
	refused.decide(false)
	for wanted, c := range map[int]*call{statusGone: gone, http.StatusServiceUnavailable: refused} {
		if c.status != wanted {
			t.Errorf("got %d, not %d", c.status, wanted)
		}
	}
	broken := answered(t, "/v1/messages", sse, "", 200, false)
	broken.broken = true
	if broken.decide(false); broken.status != http.StatusBadGateway {
		t.Errorf("broken: got %d", broken.status)
	}
	cut := answered(t, "/v1/messages", sse, "", 200, false)
	if cut.decide(false); cut.status != statusGone {
		t.Errorf("cut: got %d", cut.status)
	}
}
