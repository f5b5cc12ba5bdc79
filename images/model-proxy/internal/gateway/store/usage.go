package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/budget"
)

// What usage can be grouped by, and how the database says it.
var groups = map[string]string{
	"user": "owner", "team": "team", "key": "key_id", "model": "coalesce(nullif(served, ''), asked)", "day": "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}

// Groups that Report takes.
func Groups() []string { return []string{"user", "team", "model", "key", "day"} }

// MostRows of a report.
const MostRows = 100_000

// Selection of usage. Empty texts select all.
type Selection struct {
	From, To        time.Time
	Key, User, Team string
	By              []string
}

// As many rows at once as take no connection away for long.
const mostForgotten = 5000

// Forget the usage of requests that ended more than so many days ago, and what was counted for it. The audit stays.
func (s *Store) Forget(ctx context.Context, days int) (requests int64, err error) {
	for {
		// Another gateway may do the same.
		done, err := s.pool.Exec(ctx, `DELETE FROM gateway.usage WHERE id IN
			(SELECT id FROM gateway.usage WHERE at < now() - make_interval(days => $1) LIMIT $2 FOR UPDATE SKIP LOCKED)`, days, mostForgotten)
		if err != nil {
			return requests, err
		}
		if requests += done.RowsAffected(); done.RowsAffected() < mostForgotten {
			break
		}
	}
	_, err = s.pool.Exec(ctx, `DELETE FROM gateway.counters WHERE starts < now() - make_interval(days => $1)`, days)
	if err != nil {
		return requests, err
	}
	// A minute's rates are full again long before.
	_, err = s.pool.Exec(ctx, `DELETE FROM gateway.rates WHERE at < now() - interval '1 day'`)
	return requests, err
}

// Used is a line of a report.
type Used struct {
	// By are the values of what it is grouped by.
	By                      []string
	Requests, Input, Output int64
	GPU                     float64
	Cost                    budget.Money
}

// Report of usage. A selection's groups must be of Groups.
func (s *Store) Report(ctx context.Context, what Selection) ([]Used, error) {
	columns := make([]string, len(what.By))
	for i, by := range what.By {
		columns[i] = groups[by]
	}
	group := ""
	if len(columns) > 0 {
		group = "GROUP BY " + strings.Join(columns, ", ") + " ORDER BY " + strings.Join(columns, ", ")
	}
	rows, err := s.pool.Query(ctx, fmt.Sprintf(`SELECT ARRAY[%s]::text[], count(*), coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint,
		coalesce(sum(gpu_seconds), 0), coalesce(sum(cost), 0)::bigint FROM gateway.usage
		WHERE at >= $1 AND at < $2 AND ($3 = '' OR key_id = $3) AND ($4 = '' OR owner = $4) AND ($5 = '' OR team = $5) %s LIMIT %d`,
		strings.Join(columns, ", "), group, MostRows), what.From, what.To, what.Key, what.User, what.Team)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var report []Used
	for rows.Next() {
		var one Used
		if err := rows.Scan(&one.By, &one.Requests, &one.Input, &one.Output, &one.GPU, &one.Cost); err != nil {
			return nil, err
		}
		report = append(report, one)
	}
	return report, rows.Err()
}
