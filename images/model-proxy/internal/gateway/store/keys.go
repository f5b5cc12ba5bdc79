package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"openshift-ai-platform/images/model-proxy/internal/gateway/keys"
)

// Key of a client, without its secret.
type Key struct {
	ID      string `json:"id"`
	Version int64  `json:"-"`
	Name    string `json:"name"`
	// User that owns it; "": an application.
	User string `json:"user,omitempty"`
	Team string `json:"team"`
	// Models of the team's; none: all of them.
	Models    []string   `json:"models,omitempty"`
	Requests  *int64     `json:"requestsPerMinute,omitempty"`
	Tokens    *int64     `json:"tokensPerMinute,omitempty"`
	Sees      string     `json:"sees"`
	CreatedAt time.Time  `json:"createdAt"`
	CreatedBy string     `json:"createdBy"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	RevokedAt *time.Time `json:"revokedAt,omitempty"`
	// OldUntil is how long the secret before the last rotation works.
	OldUntil *time.Time `json:"oldUntil,omitempty"`
}

const applicationPrefix = "app-"

// ApplicationID is the id of an application's key.
func ApplicationID(name string) string { return applicationPrefix + name }

// Application that has the key; "": a user has.
func (k *Key) Application() string {
	if name, is := strings.CutPrefix(k.ID, applicationPrefix); is {
		return name
	}
	return ""
}

const keyColumns = `id, version, name, owner, team, models, requests_per_minute, tokens_per_minute, sees, created_at, created_by, expires_at, revoked_at, old_until`

func oneKey(rows pgx.Rows, err error) (*Key, error) {
	if err != nil {
		return nil, err
	}
	key, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Key])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNone
	}
	return key, err
}

// Find the key with a secret that works now. @return ErrNone
func (s *Store) Find(ctx context.Context, hash keys.Hash) (*Key, error) {
	return oneKey(s.pool.Query(ctx, `SELECT `+keyColumns+` FROM gateway.keys
		WHERE (hash = $1 OR old_hash = $1 AND old_until > now()) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`, hash[:]))
}

// Keys by user and team ("": any); those that work no more with `all`.
func (s *Store) Keys(ctx context.Context, user, team string, all bool) ([]Key, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+keyColumns+` FROM gateway.keys
		WHERE ($1 = '' OR owner = $1) AND ($2 = '' OR team = $2) AND ($3 OR revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())) ORDER BY created_at, id`,
		user, team, all)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Key])
}

// locked for a change.
func locked(ctx context.Context, tx pgx.Tx, id string) (*Key, error) {
	return oneKey(tx.Query(ctx, `SELECT `+keyColumns+` FROM gateway.keys WHERE id = $1 FOR UPDATE`, id))
}

// Create a key with budgets of its own.
func (s *Store) Create(ctx context.Context, by Actor, key Key, hash keys.Hash, budgets []Budget) (*Key, error) {
	var created *Key
	err := s.change(ctx, by, "key.create", key.ID, func(tx pgx.Tx) (any, any, error) {
		var err error
		created, err = oneKey(tx.Query(ctx, `INSERT INTO gateway.keys (id, hash, name, owner, team, models, requests_per_minute, tokens_per_minute, sees, created_by, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING `+keyColumns,
			key.ID, hash[:], key.Name, key.User, key.Team, key.Models, key.Requests, key.Tokens, key.Sees, by.Name, key.ExpiresAt))
		if err != nil {
			return nil, nil, err
		}
		for _, one := range budgets {
			if err := setBudget(ctx, tx, one); err != nil {
				return nil, nil, err
			}
		}
		return nil, struct {
			*Key
			Budgets []Budget `json:"budgets,omitempty"`
		}{created, budgets}, nil
	})
	return created, err
}

// Rotate gives a key another secret; the one before works for so long. @return ErrNone for one that is not there or revoked
func (s *Store) Rotate(ctx context.Context, by Actor, id string, hash keys.Hash, grace time.Duration) (*Key, error) {
	var after *Key
	err := s.change(ctx, by, "key.rotate", id, func(tx pgx.Tx) (any, any, error) {
		before, err := locked(ctx, tx, id)
		if err != nil {
			return nil, nil, err
		}
		if before.RevokedAt != nil {
			return nil, nil, ErrNone
		}
		after, err = oneKey(tx.Query(ctx, `UPDATE gateway.keys SET old_hash = hash, old_until = now() + $2, hash = $3, version = version + 1
			WHERE id = $1 RETURNING `+keyColumns, id, grace, hash[:]))
		return before, after, err
	})
	return after, err
}

// Revoke a key at once. Again is as good. @return ErrNone
func (s *Store) Revoke(ctx context.Context, by Actor, id string) error {
	return s.change(ctx, by, "key.revoke", id, func(tx pgx.Tx) (any, any, error) {
		before, err := locked(ctx, tx, id)
		if err != nil || before.RevokedAt != nil {
			return nil, nil, err
		}
		after, err := oneKey(tx.Query(ctx, `UPDATE gateway.keys SET revoked_at = now(), version = version + 1 WHERE id = $1 RETURNING `+keyColumns, id))
		return before, after, err
	})
}

// PutApplication makes the key of an application, or replaces its secret. A key that is revoked stays so until its secret is another.
func (s *Store) PutApplication(ctx context.Context, by Actor, name, team string, hash keys.Hash) error {
	id := ApplicationID(name)
	return s.change(ctx, by, "key.application", id, func(tx pgx.Tx) (any, any, error) {
		before, err := locked(ctx, tx, id)
		if errors.Is(err, ErrNone) {
			after, err := oneKey(tx.Query(ctx, `INSERT INTO gateway.keys (id, hash, name, owner, team, created_by) VALUES ($1, $2, $3, '', $4, $5)
				ON CONFLICT (id) DO NOTHING RETURNING `+keyColumns, id, hash[:], name, team, by.Name))
			if errors.Is(err, ErrNone) { // another replica was first
				return nil, nil, nil
			}
			return nil, after, err
		}
		if err != nil {
			return nil, nil, err
		}
		after, err := oneKey(tx.Query(ctx, `UPDATE gateway.keys SET revoked_at = CASE WHEN hash = $2 THEN revoked_at END, hash = $2, team = $3, version = version + 1
			WHERE id = $1 AND (hash <> $2 OR team <> $3) RETURNING `+keyColumns, id, hash[:], team))
		if errors.Is(err, ErrNone) { // nothing changes
			return nil, nil, nil
		}
		return before, after, err
	})
}
