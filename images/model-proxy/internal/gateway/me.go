package gateway

import (
	"context"
	"net/http"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/budget"
	"openshift-ai-platform/images/model-proxy/internal/gateway/config"
	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
	"openshift-ai-platform/images/model-proxy/internal/route"
)

// budgetView is a budget as people read it: nil where it does not bound.
type budgetView struct {
	Scope       string   `json:"scope"`
	Name        string   `json:"name"`
	Period      string   `json:"period"`
	Source      string   `json:"source,omitempty"`
	Tokens      *int64   `json:"tokens"`
	SpentTokens int64    `json:"spentTokens"`
	LeftTokens  *int64   `json:"leftTokens"`
	Cost        *float64 `json:"cost"`
	SpentCost   float64  `json:"spentCost"`
	LeftCost    *float64 `json:"leftCost"`
	Currency    string   `json:"currency,omitempty"`
	// Renews is when the next period begins.
	Renews time.Time `json:"renews"`
}

func (g *gateway) budgetViews(spent []store.Spent) []budgetView {
	now := time.Now()
	views := make([]budgetView, len(spent))
	for i, one := range spent {
		view := budgetView{
			Scope: one.Scope, Name: one.Name, Period: one.Period, Tokens: one.Budget.Tokens, SpentTokens: one.Tokens, SpentCost: one.Cost.Amount(),
			Currency: g.config.Prices.Currency, Renews: budget.Renews(one.Period, now),
		}
		if one.Budget.Tokens != nil {
			left := max(*one.Budget.Tokens-one.Tokens, 0)
			view.LeftTokens = &left
		}
		if one.Budget.Cost != nil {
			cost, left := one.Budget.Cost.Amount(), max(*one.Budget.Cost-one.Cost, 0).Amount()
			view.Cost, view.LeftCost = &cost, &left
		}
		views[i] = view
	}
	return views
}

// me tells a key what it is and may.
func (g *gateway) me(w http.ResponseWriter, request *http.Request, who *identity) {
	ctx, cancel := context.WithTimeout(request.Context(), store.Patience)
	defer cancel()
	spent, err := g.store.BudgetsOf(ctx, who.key, who.budgets)
	if err != nil {
		g.refuse(w, g.unavailable(err), route.OpenAI)
		return
	}
	reply(w, http.StatusOK, struct {
		ID          string        `json:"id"`
		Name        string        `json:"name"`
		User        string        `json:"user,omitempty"`
		Application string        `json:"application,omitempty"`
		Team        string        `json:"team"`
		Models      []string      `json:"models"`
		Sees        string        `json:"sees"`
		ExpiresAt   *time.Time    `json:"expiresAt,omitempty"`
		Limits      config.Limits `json:"limits"`
		TeamLimits  config.Limits `json:"teamLimits"`
		Budgets     []budgetView  `json:"budgets"`
	}{
		who.key.ID, who.key.Name, who.key.User, who.key.Application(), who.key.Team, append([]string{}, who.models...), who.key.Sees, who.key.ExpiresAt,
		who.limits, who.teamLimits, g.budgetViews(spent),
	})
}
