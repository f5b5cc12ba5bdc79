package store

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"

	"openshift-ai-platform/images/model-proxy/internal/gateway/budget"
)

// Budget of a scope; nil: not bounded in that.
type Budget struct {
	Scope  string        `json:"scope"`
	Name   string        `json:"name"`
	Period string        `json:"period"`
	Tokens *int64        `json:"tokens"`
	Cost   *budget.Money `json:"cost"`
}

// Spent of a budget.
type Spent struct {
	Budget
	// Override: an administrator set it.
	Override bool
	Tokens   int64
	Cost     budget.Money
}

// Budgets that administrators set, and those of the configuration that they did not, with what is spent now.
func (s *Store) Budgets(ctx context.Context, configured []Budget) ([]Spent, error) {
	return s.spent(ctx, `SELECT coalesce(o.scope, c.scope), coalesce(o.name, c.name), coalesce(o.period, c.period),
		CASE WHEN o.scope IS NULL THEN c.tokens ELSE o.tokens END, CASE WHEN o.scope IS NULL THEN c.cost ELSE o.cost END, o.scope IS NOT NULL
		FROM jsonb_to_recordset($1) AS c(scope text, name text, period text, tokens bigint, cost bigint)
		FULL JOIN gateway.budgets o ON o.scope = c.scope AND o.name = c.name AND o.period = c.period`, listed(configured))
}

// BudgetsOf a key.
func (s *Store) BudgetsOf(ctx context.Context, key *Key, configured []Budget) ([]Spent, error) {
	return s.spent(ctx, `SELECT scope, name, period, tokens, cost, false FROM gateway.budgets_of($1, $2, $3, $4)`, listed(configured), key.ID, key.User, key.Team)
}

func (s *Store) spent(ctx context.Context, budgets string, values ...any) ([]Spent, error) {
	rows, err := s.pool.Query(ctx, `WITH b(scope, name, period, tokens, cost, override) AS (`+budgets+`)
		SELECT b.scope, b.name, b.period, b.tokens, b.cost, b.override, coalesce(c.tokens, 0), coalesce(c.cost, 0)
		FROM b LEFT JOIN gateway.counters c ON c.scope = b.scope AND c.name = b.name AND c.period = b.period AND c.starts = date_trunc(b.period, now(), 'UTC')
		ORDER BY 1, 2, 3`, values...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (one Spent, err error) {
		err = row.Scan(&one.Scope, &one.Name, &one.Period, &one.Budget.Tokens, &one.Budget.Cost, &one.Override, &one.Tokens, &one.Cost)
		return one, err
	})
}

func listed[T any](values []T) string {
	if len(values) == 0 {
		return "[]"
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // our own types
	}
	return string(text)
}

func setBudget(ctx context.Context, tx pgx.Tx, one Budget) error {
	_, err := tx.Exec(ctx, `INSERT INTO gateway.budgets (scope, name, period, tokens, cost) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (scope, name, period) DO UPDATE SET tokens = excluded.tokens, cost = excluded.cost`, one.Scope, one.Name, one.Period, one.Tokens, one.Cost)
	return err
}

func lockedBudget(ctx context.Context, tx pgx.Tx, one Budget) (any, error) {
	rows, err := tx.Query(ctx, `SELECT scope, name, period, tokens, cost FROM gateway.budgets WHERE scope = $1 AND name = $2 AND period = $3 FOR UPDATE`,
		one.Scope, one.Name, one.Period)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Budget])
	if err != nil {
		return nil, err
	}
	return found, nil
}

// SetBudget of a scope and period. @return ErrNone: there is no such key
func (s *Store) SetBudget(ctx context.Context, by Actor, one Budget) error {
	return s.change(ctx, by, "budget.set", one.Scope+"/"+one.Name, func(tx pgx.Tx) (any, any, error) {
		if one.Scope == budget.Key {
			if _, err := locked(ctx, tx, one.Name); err != nil {
				return nil, nil, err
			}
		}
		before, err := lockedBudget(ctx, tx, one)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return nil, nil, err
		}
		return before, one, setBudget(ctx, tx, one)
	})
}

// DropBudget that an administrator set: what the configuration says holds again. @return ErrNone
func (s *Store) DropBudget(ctx context.Context, by Actor, one Budget) error {
	return s.change(ctx, by, "budget.delete", one.Scope+"/"+one.Name, func(tx pgx.Tx) (any, any, error) {
		before, err := lockedBudget(ctx, tx, one)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, nil, ErrNone
		}
		if err != nil {
			return nil, nil, err
		}
		_, err = tx.Exec(ctx, `DELETE FROM gateway.budgets WHERE scope = $1 AND name = $2 AND period = $3`, one.Scope, one.Name, one.Period)
		return before, nil, err
	})
}
