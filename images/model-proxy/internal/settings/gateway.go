package settings

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// Gateway is what `model-proxy gateway` runs with. Where its database is, pgx reads from libpq's own variables.
type Gateway struct {
	Listen, MetricsListen string
	// Config and AdminKey are files, Keys is a folder; "": no application has a key of its own.
	Config, AdminKey, Keys string
	Connections            int
	// Hold is how long tokens stay reserved that a killed gateway reserved.
	Hold, Drain time.Duration
}

// ForGateway reads the environment, entries NAME=VALUE.
func ForGateway(environment []string) (Gateway, Problems) {
	var values Gateway
	problems := read(environment, values.variables())
	return values, append(problems, database(environment)...)
}

func (g *Gateway) variables() []variable {
	return []variable{
		{"LISTEN", or(":8080"), "where requests and those of administrators come in", listen(&g.Listen, false)},
		{"METRICS_LISTEN", or(":9464"), "where /metrics, /healthz and /readyz are", listen(&g.MetricsListen, false)},
		{"CONFIG", nil, "JSON file with pools, teams, applications, limits and prices", file(&g.Config, false)},
		{"ADMIN_KEY_FILE", nil, "file with the administrator's key", file(&g.AdminKey, false)},
		{"KEYS", or(""), "folder with a file per application that holds its key", file(&g.Keys, true)},
		{"CONNECTIONS", or("8"), "most connections to the database", whole(&g.Connections, 2, 1000)},
		{"HOLD_SECONDS", or("60"), "how long tokens stay reserved that a killed gateway reserved", seconds(&g.Hold, 3, 3600)},
		{"DRAIN_SECONDS", or("300"), "how long answers may take to end on SIGTERM", seconds(&g.Drain, 0, mostSeconds)},
	}
}

// GatewayHelp lists the variables of the gateway, one a line.
func GatewayHelp() string {
	text := describe(new(Gateway).variables())
	for _, one := range libpq {
		text += fmt.Sprintf("  %-28s %s (required)\n", one.name, one.meaning)
	}
	return text
}

var libpq = []struct{ name, meaning string }{
	{"PGHOST", "host of the database"},
	{"PGDATABASE", "its name"},
	{"PGUSER", "the role that owns it"},
	{"PGPASSFILE", "file with the password, read again for each connection"},
	{"PGSSLMODE", sslModes},
}

// Keys and usage go over this connection. A server that proves that it knows the password (SCRAM-SHA-256-PLUS) needs nobody who vouches for its certificate.
const sslModes = "verify-full (with PGSSLROOTCERT, unless the image knows the authority), or require with PGCHANNELBINDING=require"

func database(environment []string) Problems {
	values := map[string]string{}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	var problems Problems
	for _, one := range libpq {
		if values[one.name] == "" {
			problems = append(problems, fmt.Sprintf("%s: missing; %s", one.name, one.meaning))
		}
	}
	mode, binding := values["PGSSLMODE"], values["PGCHANNELBINDING"]
	if mode != "" && mode != "verify-full" && (mode != "require" || binding != "require") {
		problems = append(problems, fmt.Sprintf("PGSSLMODE: got %q, must be %s", mode, sslModes))
	}
	if _, given := values["PGPASSWORD"]; given {
		problems = append(problems, "PGPASSWORD: set, must not be: the password stands in the file PGPASSFILE alone, where it can change")
	}
	return problems
}

// file takes the path of what can be read; "" where that is allowed.
func file(into *string, folder bool) func(string) error {
	return func(value string) error {
		if value == "" && folder {
			return nil
		}
		found, err := os.Stat(value)
		switch {
		case err != nil:
			return fmt.Errorf("a path that can be read: %w", err)
		case found.IsDir() != folder && folder:
			return fmt.Errorf("a folder")
		case found.IsDir() != folder:
			return fmt.Errorf("a file")
		}
		*into = value
		return nil
	}
}
