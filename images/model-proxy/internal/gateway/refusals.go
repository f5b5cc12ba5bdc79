package gateway

import (
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/budget"
	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
	"openshift-ai-platform/images/model-proxy/internal/refuse"
)

// statusGone is what a request is counted under whose client went away.
const statusGone = 499

var (
	noKey = &refuse.Refusal{Status: http.StatusUnauthorized, Code: "invalid_api_key",
		Message: "no key; send yours as `Authorization: Bearer oap_…`; who runs the platform makes keys"}
	wrongKey = &refuse.Refusal{Status: http.StatusUnauthorized, Code: "invalid_api_key",
		Message: "this key does not work: it is wrong, has expired or was revoked; ask who runs the platform for another"}
	slowBody = &refuse.Refusal{Status: http.StatusRequestTimeout, Code: "body_timeout", Message: "the request's body did not arrive in time"}
	noMemory = &refuse.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 5,
		Message: "too many large requests are under way; try again later"}
	manyReports = &refuse.Refusal{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: 30, Message: "too many reports are being made; try again later"}
	noPool      = &refuse.Refusal{Status: http.StatusServiceUnavailable, Code: "model_unavailable", RetryAfter: 5,
		Message: "no model server answers for this model; try again later"}
	lostPool = &refuse.Refusal{Status: http.StatusBadGateway, Code: "model_server_lost", Message: "the model server was lost in the middle of its answer; ask again"}
	noPath   = &refuse.Refusal{Status: http.StatusNotFound, Code: "not_found",
		Message: "the gateway has no such path; it has OpenAI's /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/responses and /v1/models, " +
			"Anthropic's /v1/messages, and /v1/me and /v1/usage of your own"}
)

func tooLarge(most int) *refuse.Refusal {
	return &refuse.Refusal{Status: http.StatusRequestEntityTooLarge, Code: "request_too_large",
		Message: fmt.Sprintf("the request's body has more than the %d bytes that are allowed; send less, such as fewer files or smaller images", most)}
}

func malformed(err error) *refuse.Refusal {
	return &refuse.Refusal{Status: http.StatusBadRequest, Code: "invalid_request", Message: err.Error()}
}

func (g *gateway) unavailable(err error) *refuse.Refusal {
	slog.Warn("the database did not answer", "error", err.Error())
	return &refuse.Refusal{Status: http.StatusServiceUnavailable, Code: "database_unavailable", RetryAfter: 5,
		Message: "the gateway can't reach its database and admits no request; try again later"}
}

// forbidden model, or one that is not there; nil: it may be used.
func (i *identity) forbidden(asked, model string, exists bool) *refuse.Refusal {
	for _, one := range i.models {
		if one == model {
			return nil
		}
	}
	allowed := "none"
	if len(i.models) > 0 {
		allowed = strings.Join(i.models, ", ")
	}
	if exists {
		return &refuse.Refusal{Status: http.StatusForbidden, Code: "model_not_allowed",
			Message: fmt.Sprintf("this key may not use the model %.100q; it may use: %s", asked, allowed)}
	}
	return &refuse.Refusal{Status: http.StatusNotFound, Code: "model_not_found", Message: fmt.Sprintf("there is no model %.100q; this key may use: %s", asked, allowed)}
}

// over a limit or budget.
func (g *gateway) over(verdict store.Verdict, now time.Time) *refuse.Refusal {
	if verdict.Verdict == store.OverRate {
		return &refuse.Refusal{Status: http.StatusTooManyRequests, Code: "rate_limit_exceeded", RetryAfter: max(int(math.Ceil(verdict.Wait)), 1),
			Message: fmt.Sprintf("the %s has its %d %s of this minute; try again later", scopeText(verdict.Scope, verdict.Name), verdict.Limit, verdict.Kind)}
	}
	renews := budget.Renews(verdict.Period, now)
	spent := fmt.Sprintf("%d of %d tokens", verdict.SpentTokens, orZero(verdict.Tokens))
	if verdict.Tokens == nil || verdict.SpentTokens < *verdict.Tokens && verdict.Cost > 0 && verdict.SpentCost >= verdict.Cost {
		spent = fmt.Sprintf("%.2f of %.2f %s", verdict.SpentCost.Amount(), verdict.Cost.Amount(), g.config.Prices.Currency)
	}
	refusal := &refuse.Refusal{Status: http.StatusTooManyRequests, Code: "insufficient_quota"}
	what := fmt.Sprintf("the budget of the %s for this %s is used up or too small for this request: %s are spent; it renews at %s",
		scopeText(verdict.Scope, verdict.Name), verdict.Period, spent, renews.Format(time.RFC3339))
	if verdict.Held {
		refusal.RetryAfter = 5
		refusal.Message = what + "; what is left is reserved for requests that are running: try again when they have ended"
		return refusal
	}
	refusal.RetryAfter = max(int(math.Ceil(renews.Sub(now).Seconds())), 1)
	refusal.Message = what
	return refusal
}

func scopeText(scope, name string) string { return scope + " " + name }

func orZero(number *int64) int64 {
	if number == nil {
		return 0
	}
	return *number
}
