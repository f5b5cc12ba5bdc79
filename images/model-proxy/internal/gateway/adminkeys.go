package gateway

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/budget"
	"openshift-ai-platform/images/model-proxy/internal/gateway/config"
	"openshift-ai-platform/images/model-proxy/internal/gateway/keys"
	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
)

// A secret that was replaced works no longer than this.
const mostGrace = 30 * 24 * 3600

// newKey is the body of POST /admin/v1/keys.
type newKey struct {
	Name      string          `json:"name"`
	User      string          `json:"user"`
	Team      string          `json:"team"`
	Models    []string        `json:"models"`
	Limits    config.Limits   `json:"limits"`
	Budgets   []config.Budget `json:"budgets"`
	ExpiresAt *time.Time      `json:"expires"`
	Sees      string          `json:"sees"`
}

// keyWithSecret is told once.
type keyWithSecret struct {
	Secret string `json:"key"`
	*store.Key
}

func (g *gateway) listKeys(w http.ResponseWriter, request *http.Request) error {
	values, err := query(request, "user", "team", "all")
	if err != nil {
		return err
	}
	if all := values["all"]; all != "" && all != "true" && all != "false" {
		return wrongRequest([]string{fmt.Sprintf("all: got %.80q, must be true or false", all)})
	}
	list, err := g.store.Keys(request.Context(), values["user"], values["team"], values["all"] == "true")
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, map[string]any{"keys": append([]store.Key{}, list...)})
	return nil
}

func (g *gateway) createKey(w http.ResponseWriter, request *http.Request) error {
	by, err := actor(request)
	if err != nil {
		return err
	}
	var wanted newKey
	if err := body(w, request, &wanted); err != nil {
		return err
	}
	if wanted.Sees == "" {
		wanted.Sees = "own"
	}
	if problems := g.checkKey(wanted, time.Now()); len(problems) > 0 {
		return wrongRequest(problems)
	}
	id := keys.NewID()
	secret, hash := keys.New(id)
	created, err := g.store.Create(request.Context(), by, store.Key{
		ID: id, Name: wanted.Name, User: wanted.User, Team: wanted.Team, Models: wanted.Models, Requests: wanted.Limits.Requests, Tokens: wanted.Limits.Tokens,
		Sees: wanted.Sees, ExpiresAt: wanted.ExpiresAt,
	}, hash, budgetsOf(budget.Key, id, wanted.Budgets))
	if err != nil {
		return err
	}
	reply(w, http.StatusCreated, keyWithSecret{secret, created})
	return nil
}

func (g *gateway) checkKey(wanted newKey, now time.Time) []string {
	var problems []string
	say := func(format string, values ...any) { problems = append(problems, fmt.Sprintf(format, values...)) }
	for field, value := range map[string]string{"name": wanted.Name, "user": wanted.User} {
		if !printable(value) {
			say("%s: got %.80q, must be 1 to %d printable characters", field, value, mostName)
		}
	}
	slices.Sort(problems)
	if team := g.config.Team(wanted.Team); team == nil {
		names := make([]string, len(g.config.Teams))
		for i, one := range g.config.Teams {
			names[i] = one.Name
		}
		say("team: got %.80q, must be one of %s", wanted.Team, strings.Join(names, ", "))
	} else {
		for _, model := range wanted.Models {
			if !slices.Contains(team.Models, model) {
				say("models: got %.80q, must be of the team's: %s", model, strings.Join(team.Models, ", "))
			}
		}
	}
	if wanted.ExpiresAt != nil && !wanted.ExpiresAt.After(now) {
		say("expires: got %s, must be in the future", wanted.ExpiresAt.Format(time.RFC3339))
	}
	if !slices.Contains([]string{"own", "team", "all"}, wanted.Sees) {
		say("sees: got %.80q, must be own, team or all", wanted.Sees)
	}
	return append(problems, config.CheckTerms(wanted.Limits, wanted.Budgets)...)
}

func (g *gateway) rotateKey(w http.ResponseWriter, request *http.Request) error {
	by, err := actor(request)
	if err != nil {
		return err
	}
	var wanted struct {
		GraceSeconds int `json:"graceSeconds"`
	}
	if err := body(w, request, &wanted); err != nil {
		return err
	}
	id := request.PathValue("id")
	switch {
	case strings.HasPrefix(id, store.ApplicationID("")):
		return wrongRequest([]string{"an application's key comes from its file: change that"})
	case wanted.GraceSeconds < 0 || wanted.GraceSeconds > mostGrace:
		return wrongRequest([]string{fmt.Sprintf("graceSeconds: got %d, must be from 0 to %d", wanted.GraceSeconds, mostGrace)})
	}
	secret, hash := keys.New(id)
	rotated, err := g.store.Rotate(request.Context(), by, id, hash, time.Duration(wanted.GraceSeconds)*time.Second)
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, keyWithSecret{secret, rotated})
	return nil
}

func (g *gateway) revokeKey(w http.ResponseWriter, request *http.Request) error {
	by, err := actor(request)
	if err != nil {
		return err
	}
	if err := g.store.Revoke(request.Context(), by, request.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
