package gateway

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
	"openshift-ai-platform/images/model-proxy/internal/refuse"
	"openshift-ai-platform/images/model-proxy/internal/route"
)

// A report reads each request of its time: it may take longer than an admission.
const reportTime = 30 * time.Second

// ownUsage is the report of what a key sees.
func (g *gateway) ownUsage(w http.ResponseWriter, request *http.Request, who *identity) {
	var seen store.Selection
	switch {
	case who.key.Sees == "all":
	case who.key.Sees == "team":
		seen.Team = who.key.Team
	case who.key.User != "":
		seen.User = who.key.User
	default:
		seen.Key = who.key.ID
	}
	g.report(w, request, seen)
}

// report of usage, within what may be seen.
func (g *gateway) report(w http.ResponseWriter, request *http.Request, seen store.Selection) {
	what, format, problems := selection(request.URL.Query(), time.Now().UTC())
	if len(problems) > 0 {
		g.refuse(w, wrongRequest(problems), route.OpenAI)
		return
	}
	what.Key, what.User, what.Team = seen.Key, seen.User, seen.Team
	ctx, cancel := context.WithTimeout(request.Context(), reportTime)
	defer cancel()
	select {
	case g.reports <- struct{}{}:
		defer func() { <-g.reports }()
	case <-ctx.Done():
		g.refuse(w, manyReports, route.OpenAI)
		return
	}
	lines, err := g.store.Report(ctx, what)
	if err != nil {
		g.refuse(w, g.unavailable(err), route.OpenAI)
		return
	}
	if format == "csv" {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="usage.csv"`)
		_, _ = w.Write(table(what.By, lines))
		return
	}
	rows := make([]map[string]any, len(lines))
	for i, line := range lines {
		rows[i] = map[string]any{
			"requests": line.Requests, "inputTokens": line.Input, "outputTokens": line.Output, "gpuSeconds": line.GPU, "cost": line.Cost.Amount(),
		}
		for at, by := range what.By {
			rows[i][by] = line.By[at]
		}
	}
	reply(w, http.StatusOK, map[string]any{
		"from": what.From, "to": what.To, "by": append([]string{}, what.By...), "currency": g.config.Prices.Currency, "rows": rows, "complete": len(rows) < store.MostRows,
	})
}

// selection of a query: by default what was used in this month, in one sum.
func selection(query url.Values, now time.Time) (what store.Selection, format string, problems []string) {
	what.From, what.To = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC), now.Add(time.Minute)
	format = "json"
	for _, name := range slices.Sorted(maps.Keys(query)) {
		value := query.Get(name)
		var err error
		switch name {
		case "from":
			what.From, err = moment(value)
		case "to":
			what.To, err = moment(value)
		case "by":
			for _, by := range strings.Split(value, ",") {
				if !slices.Contains(store.Groups(), by) || slices.Contains(what.By, by) {
					err = fmt.Errorf("some of %s with commas between, each once", strings.Join(store.Groups(), ", "))
				}
				what.By = append(what.By, by)
			}
		case "format":
			if format = value; value != "json" && value != "csv" {
				err = fmt.Errorf("json or csv")
			}
		default:
			problems = append(problems, fmt.Sprintf("%s: no such parameter; there are from, to, by, format", name))
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: got %.80q, must be %s", name, value, err))
		}
	}
	if len(problems) == 0 && !what.From.Before(what.To) {
		problems = append(problems, "from: must be before to")
	}
	return what, format, problems
}

// moment is a time, or the beginning of a day in UTC.
func moment(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("a time like 2026-01-31T00:00:00Z or a day like 2026-01-31")
}

func wrongRequest(problems []string) *refuse.Refusal {
	return &refuse.Refusal{Status: http.StatusBadRequest, Code: "invalid_request", Message: strings.Join(problems, "; ")}
}
