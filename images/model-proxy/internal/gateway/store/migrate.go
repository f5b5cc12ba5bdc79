package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var files embed.FS

// Held while a migration runs; any number does that nothing else takes in this database.
const lock = 7_361_055_482

// Newer is a database that a newer program has migrated.
type Newer struct{ Has, Knows int }

func (n Newer) Error() string {
	return fmt.Sprintf("the database has schema version %d, this program knows versions up to %d; run the newer program, or restore a backup from before it", n.Has, n.Knows)
}

// Migrate brings the schema up to date, each step in a transaction of its own. Of several replicas one does it, the others wait.
func (s *Store) Migrate(ctx context.Context) error {
	steps, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	for done := false; !done; {
		err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			at, err := version(ctx, tx)
			switch {
			case err != nil:
				return err
			case at > len(steps):
				return Newer{Has: at, Knows: len(steps)}
			case at == len(steps):
				done = true
				return nil
			}
			text, err := files.ReadFile(steps[at])
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, string(text)); err != nil {
				return fmt.Errorf("%s: %w", steps[at], err)
			}
			slog.Info("migrating", "step", steps[at])
			_, err = tx.Exec(ctx, `INSERT INTO gateway.migrations (version, name) VALUES ($1, $2)`, at+1, steps[at])
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// version of the schema, which nobody changes until the transaction ends.
func version(ctx context.Context, tx pgx.Tx) (int, error) {
	at := 0
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lock); err != nil {
		return at, err
	}
	if _, err := tx.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS gateway`); err != nil {
		return at, err
	}
	if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS gateway.migrations (
		version integer PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL DEFAULT now())`); err != nil {
		return at, err
	}
	err := tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM gateway.migrations`).Scan(&at)
	return at, err
}

// Ready: the database answers and has the schema.
func (s *Store) Ready(ctx context.Context) error {
	at := 0
	return s.pool.QueryRow(ctx, `SELECT max(version) FROM gateway.migrations`).Scan(&at)
}
