package gateway

import (
	"fmt"
	"net/http"

	"openshift-ai-platform/images/model-proxy/internal/gateway/budget"
	"openshift-ai-platform/images/model-proxy/internal/gateway/config"
	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
)

// configured budgets of all teams and applications.
func (g *gateway) configured() []store.Budget {
	var all []store.Budget
	for _, team := range g.config.Teams {
		all = append(all, budgetsOf(budget.Team, team.Name, team.Budgets)...)
	}
	for _, one := range g.config.Applications {
		all = append(all, budgetsOf(budget.Key, store.ApplicationID(one.Name), one.Budgets)...)
	}
	return all
}

func (g *gateway) listBudgets(w http.ResponseWriter, request *http.Request) error {
	if _, err := query(request); err != nil {
		return err
	}
	spent, err := g.store.Budgets(request.Context(), g.configured())
	if err != nil {
		return err
	}
	views := g.budgetViews(spent)
	for i, one := range spent {
		views[i].Source = "config"
		if one.Override {
			views[i].Source = "override"
		}
	}
	reply(w, http.StatusOK, map[string]any{"budgets": views})
	return nil
}

func (g *gateway) putBudget(w http.ResponseWriter, request *http.Request) error {
	by, err := actor(request)
	if err != nil {
		return err
	}
	var wanted config.Budget
	if err := body(w, request, &wanted); err != nil {
		return err
	}
	scope, name, err := g.scope(request)
	if err != nil {
		return err
	}
	if problems := config.CheckTerms(config.Limits{}, []config.Budget{wanted}); len(problems) > 0 {
		return wrongRequest(problems)
	}
	one := budgetsOf(scope, name, []config.Budget{wanted})[0]
	if err := g.store.SetBudget(request.Context(), by, one); err != nil {
		return err
	}
	reply(w, http.StatusOK, struct {
		Scope string `json:"scope"`
		Name  string `json:"name"`
		config.Budget
	}{scope, name, wanted})
	return nil
}

func (g *gateway) deleteBudget(w http.ResponseWriter, request *http.Request) error {
	by, err := actor(request)
	if err != nil {
		return err
	}
	values, err := query(request, "period")
	if err != nil {
		return err
	}
	scope, name, err := g.scope(request)
	if err != nil {
		return err
	}
	period := values["period"]
	if period != budget.Day && period != budget.Month {
		return wrongRequest([]string{fmt.Sprintf("period: got %.80q, must be day or month", period)})
	}
	if err := g.store.DropBudget(request.Context(), by, store.Budget{Scope: scope, Name: name, Period: period}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// scope and name of a path.
func (g *gateway) scope(request *http.Request) (scope, name string, err error) {
	scope, name = request.PathValue("scope"), request.PathValue("name")
	switch {
	case scope != budget.Key && scope != budget.User && scope != budget.Team:
		err = wrongRequest([]string{fmt.Sprintf("scope: got %.80q, must be key, user or team", scope)})
	case !printable(name):
		err = wrongRequest([]string{fmt.Sprintf("name: got %.80q, must be 1 to %d printable characters", name, mostName)})
	case scope == budget.Team && g.config.Team(name) == nil:
		err = notThere
	}
	return scope, name, err
}
