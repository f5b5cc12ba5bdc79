// Package store keeps keys, budgets, usage and the audit in PostgreSQL.
package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Patience with a database that does not answer: a client's request is refused after it.
const Patience = 2500 * time.Millisecond

// ErrNone: there is no such thing.
var ErrNone = errors.New("there is none")

// Store is safe for use by several goroutines.
type Store struct {
	pool *pgxpool.Pool
	// hold is how long a reservation lasts that nobody renews.
	hold time.Duration
}

// ID of a request: a UUID that sorts by time (version 7).
type ID [16]byte

// NewID of now.
func NewID() ID {
	var id ID
	_, _ = rand.Read(id[:]) // it never fails: the program ends instead
	now := uint64(time.Now().UnixMilli())
	for i := range 6 {
		id[i] = byte(now >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Open prepares connections; none is made yet. Where the database is, libpq's variables say.
func Open(connections int, hold time.Duration) (*Store, error) {
	config, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(connections)
	config.PingTimeout = time.Second
	config.ConnConfig.ConnectTimeout = Patience
	config.ConnConfig.RuntimeParams["application_name"] = "model-proxy"
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	config.BeforeConnect = func(_ context.Context, connection *pgx.ConnConfig) error {
		fresh, err := pgconn.ParseConfig("") // the password and the authority may have changed
		if err == nil {
			connection.Password, connection.TLSConfig, connection.Fallbacks = fresh.Password, fresh.TLSConfig, fresh.Fallbacks
		}
		return err
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, err
	}
	return &Store{pool: pool, hold: hold}, nil
}

// Close waits for what runs.
func (s *Store) Close() { s.pool.Close() }

// change does `work` and writes what it returns into the audit, in one transaction. Nothing is written where both before and after are nil.
func (s *Store) change(ctx context.Context, by Actor, action, target string, work func(pgx.Tx) (before, after any, err error)) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		before, after, err := work(tx)
		if err != nil || before == nil && after == nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO gateway.audit (actor, action, target, before, after, address) VALUES ($1, $2, $3, $4, $5, $6)`,
			by.Name, action, target, asJSON(before), asJSON(after), by.Address)
		return err
	})
}

func asJSON(value any) *string {
	if value == nil {
		return nil
	}
	bytes, err := json.Marshal(value)
	if err != nil {
		panic(err) // our own types
	}
	text := string(bytes)
	return &text
}

// Actor changes something.
type Actor struct{ Name, Address string }

// Change as the audit has it.
type Change struct {
	ID      int64           `json:"id"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Action  string          `json:"action"`
	Target  string          `json:"target"`
	Before  json.RawMessage `json:"before"`
	After   json.RawMessage `json:"after"`
	Address string          `json:"address"`
}

// Audit since a time, the newest first.
func (s *Store) Audit(ctx context.Context, from time.Time, limit int) ([]Change, error) {
	rows, err := s.pool.Query(ctx, `SELECT id, at, actor, action, target, before, after, address FROM gateway.audit WHERE at >= $1 ORDER BY id DESC LIMIT $2`, from, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Change])
}
