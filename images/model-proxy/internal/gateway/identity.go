package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/budget"
	"openshift-ai-platform/images/model-proxy/internal/gateway/config"
	"openshift-ai-platform/images/model-proxy/internal/gateway/keys"
	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
	"openshift-ai-platform/images/model-proxy/internal/refuse"
)

// identity of who asks, and what the configuration makes of it.
type identity struct {
	key  *store.Key
	hash keys.Hash
	// models that it may use.
	models []string
	// limits of the key; those of its team.
	limits, teamLimits config.Limits
	// budgets of the configuration: of its application and team.
	budgets []store.Budget
}

// rates that bound it. What has no limit needs no row that all requests wait for.
func (i *identity) rates() []store.Rate {
	rates := []store.Rate{}
	for _, one := range []store.Rate{
		{Scope: budget.Key, Name: i.key.ID, Requests: i.limits.Requests, Tokens: i.limits.Tokens},
		{Scope: budget.Team, Name: i.key.Team, Requests: i.teamLimits.Requests, Tokens: i.teamLimits.Tokens},
	} {
		if one.Requests != nil || one.Tokens != nil {
			rates = append(rates, one)
		}
	}
	return rates
}

// identify who asks. What is remembered is checked when a request is admitted; `fresh` asks the database.
func (g *gateway) identify(request *http.Request, fresh bool) (*identity, *refuse.Refusal) {
	given := keys.In(request)
	if given == "" {
		return nil, noKey
	}
	if !keys.Acceptable(given) {
		return nil, wrongKey
	}
	hash := keys.Of(given)
	key := g.known.get(hash)
	if key == nil || fresh {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(request.Context()), store.Patience)
		defer cancel()
		var err error
		key, err = g.store.Find(ctx, hash)
		switch {
		case errors.Is(err, store.ErrNone):
			g.known.forget(hash)
			return nil, wrongKey
		case err != nil:
			return nil, g.unavailable(err)
		}
		g.known.put(hash, key)
	}
	found := g.identityOf(key)
	if found == nil {
		return nil, wrongKey
	}
	found.hash = hash
	return found, nil
}

// identityOf a key; nil: its team or application is not configured any more.
func (g *gateway) identityOf(key *store.Key) *identity {
	found := &identity{key: key, limits: config.Limits{Requests: key.Requests, Tokens: key.Tokens}}
	models, team := key.Models, key.Team
	if name := key.Application(); name != "" {
		application := g.config.Application(name)
		if application == nil {
			return nil
		}
		moved := *key // the database has the team of the gateway that started last
		moved.Team = application.Team
		found.key = &moved
		models, team, found.limits = application.Models, application.Team, application.Limits
		found.budgets = budgetsOf(budget.Key, key.ID, application.Budgets)
	}
	configured := g.config.Team(team)
	if configured == nil {
		return nil
	}
	found.limits = found.limits.Or(g.config.Defaults.Limits)
	found.teamLimits = configured.Limits
	found.budgets = append(found.budgets, budgetsOf(budget.Team, team, configured.Budgets)...)
	for _, model := range configured.Models {
		if len(models) == 0 || slices.Contains(models, model) {
			found.models = append(found.models, model)
		}
	}
	return found
}

func budgetsOf(scope, name string, configured []config.Budget) []store.Budget {
	budgets := make([]store.Budget, len(configured))
	for i, one := range configured {
		budgets[i] = store.Budget{Scope: scope, Name: name, Period: one.Period, Tokens: one.Tokens}
		if one.Cost != nil {
			cost := budget.Of(*one.Cost)
			budgets[i].Cost = &cost
		}
	}
	return budgets
}

// remembered keys spare a look into the database.
type remembered struct {
	mutex sync.Mutex
	keys  map[keys.Hash]rememberedKey
}

type rememberedKey struct {
	key *store.Key
	at  time.Time
}

const (
	rememberFor  = 5 * time.Second
	rememberMost = 10_000
)

func newRemembered() *remembered { return &remembered{keys: map[keys.Hash]rememberedKey{}} }

func (r *remembered) get(hash keys.Hash) *store.Key {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if found, ok := r.keys[hash]; ok && time.Since(found.at) < rememberFor {
		return found.key
	}
	return nil
}

func (r *remembered) put(hash keys.Hash, key *store.Key) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.keys) >= rememberMost {
		clear(r.keys)
	}
	r.keys[hash] = rememberedKey{key, time.Now()}
}

func (r *remembered) forget(hash keys.Hash) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	delete(r.keys, hash)
}
