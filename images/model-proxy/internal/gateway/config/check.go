package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"openshift-ai-platform/images/model-proxy/internal/gateway/budget"
)

const (
	mostLimit  = 1_000_000_000
	mostTokens = 1_000_000_000_000_000
	mostPrice  = 1_000_000
	mostShare  = 64
	leastBody  = 1 << 10
	mostBody   = 256 << 20
	// A month's budget is of the month that runs.
	leastDays = 31
	mostDays  = 36_500
)

// As names of Kubernetes' objects: they are labels of metrics and names of files.
var plainName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

type checker struct{ problems []string }

func (c *checker) say(format string, values ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, values...))
}

func (c *Config) check() []string {
	var found checker
	models := c.Models()
	found.pools(c.Pools)
	for model, others := range c.Fallbacks {
		where := fmt.Sprintf("fallbacks.%q", model)
		found.models(where, []string{model}, models, "a pool's models")
		found.models(where, others, models, "a pool's models")
		if slices.Contains(others, model) {
			found.say("%s: names itself; name other models", where)
		}
	}
	found.unique("teams", len(c.Teams), func(i int) string { return c.Teams[i].Name })
	for _, team := range c.Teams {
		where := fmt.Sprintf("teams.%q", team.Name)
		found.models(where+".models", team.Models, models, "a pool's models")
		found.terms(where, team.Limits, team.Budgets)
	}
	found.unique("applications", len(c.Applications), func(i int) string { return c.Applications[i].Name })
	for _, one := range c.Applications {
		where := fmt.Sprintf("applications.%q", one.Name)
		if team := c.Team(one.Team); team == nil {
			found.say("%s.team: got %q, must be one of the teams", where, one.Team)
		} else {
			found.models(where+".models", one.Models, team.Models, "the models of its team")
		}
		found.terms(where, one.Limits, one.Budgets)
	}
	found.limits("defaults.limits", c.Defaults.Limits)
	found.number("defaults.maxTokens", float64(c.Defaults.MaxTokens), 1, mostLimit)
	found.number("maxBodyBytes", float64(c.MaxBodyBytes), leastBody, mostBody)
	found.number("usageDays", float64(c.UsageDays), leastDays, mostDays)
	found.prices(c.Prices, models)
	return found.problems
}

func (c *checker) pools(pools []Pool) {
	if len(pools) == 0 {
		c.say("pools: got none, must be at least one")
	}
	c.unique("pools", len(pools), func(i int) string { return pools[i].Name })
	for _, pool := range pools {
		where := fmt.Sprintf("pools.%q", pool.Name)
		address, err := url.Parse(pool.URL)
		if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" || strings.Trim(address.Path, "/") != "" || address.RawQuery != "" || address.User != nil {
			c.say("%s.url: got %q, must be an address like http://pool.namespace.svc:11434, without a path", where, pool.URL)
		}
		if len(pool.Models) == 0 || slices.Contains(pool.Models, "") {
			c.say("%s.models: got %q, must be at least one name, and none empty", where, pool.Models)
		}
		c.number(where+".gpuShare", pool.GPUShare, 0, mostShare)
	}
}

func (c *checker) prices(prices Prices, models []string) {
	c.number("prices.gpuHour", prices.GPUHour, 0, mostPrice)
	for model, price := range prices.Models {
		where := fmt.Sprintf("prices.models.%q", model)
		c.models(where, []string{model}, models, "a pool's models")
		c.number(where+".inputPerMillion", price.InputPerMillion, 0, mostPrice)
		c.number(where+".outputPerMillion", price.OutputPerMillion, 0, mostPrice)
	}
}

func (c *checker) unique(where string, count int, name func(int) string) {
	seen := map[string]bool{}
	for i := range count {
		switch one := name(i); {
		case !plainName.MatchString(one):
			c.say("%s[%d].name: got %q, must be 1 to 63 of a-z, 0-9 and - (not at an end)", where, i, one)
		case seen[one]:
			c.say("%s[%d].name: got %q a second time, must be unique", where, i, one)
		default:
			seen[one] = true
		}
	}
}

func (c *checker) models(where string, given, known []string, allowed string) {
	for _, model := range given {
		if !slices.Contains(known, model) {
			c.say("%s: got %q, must be of %s: %s", where, model, allowed, strings.Join(known, ", "))
		}
	}
}

func (c *checker) terms(where string, limits Limits, budgets []Budget) {
	c.limits(where+".limits", limits)
	c.budgets(where+".budgets", budgets)
}

func (c *checker) limits(where string, limits Limits) {
	if limits.Requests != nil {
		c.number(where+".requestsPerMinute", float64(*limits.Requests), 1, mostLimit)
	}
	if limits.Tokens != nil {
		c.number(where+".tokensPerMinute", float64(*limits.Tokens), 1, mostLimit)
	}
}

func (c *checker) budgets(where string, budgets []Budget) {
	seen := map[string]bool{}
	for i, one := range budgets {
		here := fmt.Sprintf("%s[%d]", where, i)
		if one.Period != budget.Day && one.Period != budget.Month {
			c.say("%s.period: got %q, must be day or month", here, one.Period)
		} else if seen[one.Period] {
			c.say("%s.period: got %q a second time; one budget can have tokens and cost", here, one.Period)
		}
		seen[one.Period] = true
		if one.Tokens == nil && one.Cost == nil {
			c.say("%s: got neither tokens nor cost, must have one of them", here)
		}
		if one.Tokens != nil {
			c.number(here+".tokens", float64(*one.Tokens), 0, mostTokens)
		}
		if one.Cost != nil {
			c.number(here+".cost", *one.Cost, 0, budget.MostCost)
		}
	}
}

func (c *checker) number(where string, value, least, most float64) {
	if value < least || value > most {
		c.say("%s: got %v, must be from %v to %v", where, value, int64(least), int64(most))
	}
}

// CheckTerms of a key or a budget that an administrator sends.
func CheckTerms(limits Limits, budgets []Budget) []string {
	var found checker
	found.limits("limits", limits)
	found.budgets("budgets", budgets)
	return found.problems
}
