package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/budget"
	"openshift-ai-platform/images/model-proxy/internal/gateway/keys"
)

// Rate limits of a scope; nil: none.
type Rate struct {
	Scope    string `json:"scope"`
	Name     string `json:"name"`
	Requests *int64 `json:"requests"`
	Tokens   *int64 `json:"tokens"`
}

// Ask to admit a request.
type Ask struct {
	ID      ID
	Key     *Key
	Hash    keys.Hash
	Rates   []Rate
	Budgets []Budget
	// Prompt tokens, what the request costs without an answer; Output tokens that are wanted, LeastOutput without which it makes no sense, and the cost of one.
	Prompt, Output, LeastOutput int64
	PromptCost                  budget.Money
	TokenCost                   float64
}

// Verdicts.
const (
	Admitted   = "ok"
	KeyChanged = "key"
	OverRate   = "rate"
	OverBudget = "budget"
)

// Verdict on a request.
type Verdict struct {
	Verdict string `json:"verdict"`
	// Output tokens that are reserved.
	Output int64 `json:"output"`
	// Rates after it.
	Rates []struct {
		Scope        string   `json:"scope"`
		RequestLimit *int64   `json:"requestLimit"`
		Requests     *float64 `json:"requests"`
		TokenLimit   *int64   `json:"tokenLimit"`
		Tokens       *float64 `json:"tokens"`
	} `json:"rates"`
	// Of what is over: a rate's kind, limit and the seconds until it would do; a budget and what is spent of it.
	Scope       string       `json:"scope"`
	Name        string       `json:"name"`
	Kind        string       `json:"kind"`
	Limit       int64        `json:"limit"`
	Wait        float64      `json:"wait"`
	Period      string       `json:"period"`
	Tokens      *int64       `json:"tokens"`
	Cost        budget.Money `json:"cost"`
	SpentTokens int64        `json:"spentTokens"`
	SpentCost   budget.Money `json:"spentCost"`
	// Held: it would do if no other request were running.
	Held bool `json:"held"`
}

// Admit in one round trip.
func (s *Store) Admit(ctx context.Context, ask Ask) (verdict Verdict, err error) {
	text, err := json.Marshal(map[string]any{
		"id": hex.EncodeToString(ask.ID[:]), "hold": s.hold.Seconds(),
		"key": ask.Key.ID, "version": ask.Key.Version, "hash": hex.EncodeToString(ask.Hash[:]), "owner": ask.Key.User, "team": ask.Key.Team,
		"rates": ask.Rates, "budgets": json.RawMessage(listed(ask.Budgets)),
		"prompt": ask.Prompt, "output": ask.Output, "leastOutput": ask.LeastOutput, "promptCost": ask.PromptCost, "tokenCost": ask.TokenCost,
	})
	if err != nil {
		return verdict, err
	}
	err = s.pool.QueryRow(ctx, `SELECT gateway.admit($1)`, string(text)).Scan(&verdict)
	return verdict, err
}

// Usage of a request that has ended.
type Usage struct {
	ID       ID           `json:"-"`
	Key      string       `json:"key"`
	Owner    string       `json:"owner"`
	Team     string       `json:"team"`
	At       time.Time    `json:"at"`
	Request  string       `json:"request"`
	Asked    string       `json:"asked"`
	Served   string       `json:"served"`
	Pool     string       `json:"pool"`
	Prompt   int64        `json:"prompt"` // as it was estimated
	Input    int64        `json:"input"`
	Output   int64        `json:"output"`
	GPU      float64      `json:"gpu"`
	Cost     budget.Money `json:"cost"`
	Status   int          `json:"status"`
	MS       int64        `json:"ms"`
	Streamed bool         `json:"streamed"`
}

// MarshalJSON as the database's function reads it.
func (u Usage) MarshalJSON() ([]byte, error) {
	type plain Usage
	return json.Marshal(struct {
		ID string `json:"id"`
		plain
	}{hex.EncodeToString(u.ID[:]), plain(u)})
}

// Settle writes what requests used; what is written already is not written again.
func (s *Store) Settle(ctx context.Context, batch []Usage) error {
	_, err := s.pool.Exec(ctx, `SELECT gateway.settle($1)`, listed(batch))
	return err
}

// Renew puts off the end of reservations, and forgets those that ended long ago.
func (s *Store) Renew(ctx context.Context, ids []ID) error {
	_, err := s.pool.Exec(ctx, `UPDATE gateway.reservations SET expires_at = now() + $2
		WHERE id IN (SELECT id FROM gateway.reservations WHERE id = ANY ($1) FOR UPDATE SKIP LOCKED)`, ids, s.hold)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `DELETE FROM gateway.reservations
		WHERE id IN (SELECT id FROM gateway.reservations WHERE expires_at < now() - interval '10 minutes' FOR UPDATE SKIP LOCKED)`)
	return err
}
