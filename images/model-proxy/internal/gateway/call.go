package gateway

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/answer"
	"openshift-ai-platform/images/model-proxy/internal/gateway/prompt"
	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
	"openshift-ai-platform/images/model-proxy/internal/route"
)

// call is one request on its way.
type call struct {
	gateway *gateway
	route   route.Route
	id      store.ID
	request string // X-Request-Id
	arrived time.Time
	who     *identity
	prompt  *prompt.Request
	asked   string // as the configuration writes the model
	output  int64  // tokens that are reserved
	status  int

	// Of the attempt that was made last: where, and since when; zero: none was.
	at   candidate
	sent time.Time
	// Of the answer that is passed on.
	seen  *answer.Observer
	bytes int64
	// ended: the whole answer came; broken: the model server was lost in the middle of it.
	ended, broken bool
}

// No model counts so many: it would be an error of the model server's.
const mostTokens = 1_000_000_000

// settle what it used. It runs once, however the request ended.
func (c *call) settle(gone bool) {
	now := time.Now()
	c.decide(gone)
	input, output := c.tokens()
	used := store.Usage{
		ID: c.id, Key: c.who.key.ID, Owner: c.who.key.User, Team: c.who.key.Team, At: c.arrived.UTC(), Request: c.request, Asked: c.asked,
		Prompt: c.prompt.Input, Input: input, Output: output, Status: c.status, MS: now.Sub(c.arrived).Milliseconds(), Streamed: c.prompt.Stream,
	}
	label := c.asked
	if !c.sent.IsZero() {
		used.Pool = c.at.pool.Name
		used.GPU = now.Sub(c.sent).Seconds() * c.at.pool.GPUShare
	}
	if c.seen != nil {
		used.Served = c.at.model
		label = c.at.model
		c.gateway.expected.learn(label, used.GPU)
	}
	used.Cost = c.gateway.config.Rates(label).Cost(input, output, used.GPU)
	c.gateway.settling.ended(used)
	c.gateway.metrics.used(used, label)
	slog.Info("request", "id", c.request, "key", used.Key, "team", used.Team, "path", c.route.Path, "model", c.asked, "served", used.Served, "pool", used.Pool,
		"status", c.status, "input", input, "output", output, "ms", used.MS)
}

// decide under which status it is counted.
func (c *call) decide(gone bool) {
	switch {
	case c.seen == nil:
		if gone {
			c.status = statusGone
		}
	case c.broken:
		c.status = http.StatusBadGateway
	case !c.ended:
		c.status = statusGone
	case c.seen.Failed && c.status == http.StatusOK:
		c.status = http.StatusInternalServerError // an error in an answer that had begun
	}
}

// tokens as the model server counted them; where it did not, as they were estimated and as pieces came.
func (c *call) tokens() (input, output int64) {
	switch {
	case c.sent.IsZero() || c.seen == nil && c.status != statusGone:
		return 0, 0
	case c.seen == nil: // it worked on the prompt when the client went away
		return c.prompt.Input, 0
	}
	input, output = int64(c.seen.Input), int64(c.seen.OutputTokens())
	answered := c.status == http.StatusOK || c.seen.Pieces > 0 || c.status == statusGone
	if input < 0 || input == 0 && !c.ended { // Ollama says 0 until the end
		input = 0
		if answered {
			input = c.prompt.Input
		}
	}
	if output < 0 {
		output = 0
		if answered && !c.seen.Streamed && c.prompt.Generates() {
			output = min((c.bytes+3)/4, c.output)
		}
	}
	return min(input, mostTokens), min(output, mostTokens)
}

// count a request that ended, or was refused.
func (c *call) count(team, model string) {
	c.gateway.metrics.requests.WithLabelValues(team, model, strconv.Itoa(c.status)).Inc()
}
