// Package gateway is the one API of all models for clients with keys: who may use which model, how much of it, and what it cost.
package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"openshift-ai-platform/images/model-proxy/internal/gateway/config"
	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
	"openshift-ai-platform/images/model-proxy/internal/memory"
	"openshift-ai-platform/images/model-proxy/internal/names"
	"openshift-ai-platform/images/model-proxy/internal/server"
	"openshift-ai-platform/images/model-proxy/internal/settings"
)

const (
	// Requests are taken for so long after SIGTERM, since those who send them learn of it late.
	lameDuck = 5 * time.Second
	// What was used is written for so long after the last answer, at least.
	lastWrites = 3 * time.Second
	// Between attempts to reach a database that is not there yet.
	again = time.Second
	// Between looks at the folder of applications' keys.
	look = 10 * time.Second
	// Between looks for usage that is old enough to be forgotten.
	tidy = time.Hour
)

type gateway struct {
	config   *config.Config
	labels   names.Labels
	store    *store.Store
	known    *remembered
	pools    *pools
	settling *settler
	expected *expected
	metrics  *metrics
	bodies   *memory.Budget
	admin    http.Handler
	// reports that are made at the same time: they leave connections to admissions.
	reports  chan struct{}
	draining atomic.Bool
	migrated atomic.Bool
}

// Run until the context ends and what answers then has ended too, within the limit.
func Run(ctx context.Context, values settings.Gateway, version string) error {
	configured, err := config.Read(values.Config)
	if err != nil {
		return err
	}
	if err := checkAdminKey(values.AdminKey); err != nil {
		return err
	}
	database, err := store.Open(values.Connections, values.Hold)
	if err != nil {
		return err
	}
	g := newGateway(configured, database, values, version)
	traffic, err := server.ForTraffic(values.Listen, g)
	if err != nil {
		return err
	}
	defer traffic.Close()
	metrics, err := server.ForMetrics(values.MetricsListen, g.observed())
	if err != nil {
		return err
	}
	defer metrics.Close()
	failed := make(chan error, 3)
	traffic.Serve(failed)
	metrics.Serve(failed)
	background, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		if err := g.prepare(background, values.Keys); err != nil {
			failed <- err
		}
	}()
	go g.settling.run(background, values.Hold/3)

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	g.drain(traffic, values.Drain)
	return nil
}

func newGateway(configured *config.Config, database *store.Store, values settings.Gateway, version string) *gateway {
	g := &gateway{
		config: configured, labels: configured.Labels(), store: database, known: newRemembered(), bodies: memory.ForBodies(), settling: newSettler(database), expected: newExpected(),
		reports: make(chan struct{}, max(values.Connections/4, 1)),
	}
	g.metrics = newMetrics(configured, g.settling, version)
	g.pools = newPools(configured, g.metrics)
	g.admin = g.administration(values.AdminKey)
	return g
}

// prepare the database, as soon as it is there, then keep applications' keys as their files are.
func (g *gateway) prepare(ctx context.Context, folder string) error {
	for ; ; pause(ctx, again) {
		err := g.store.Migrate(ctx)
		var newer store.Newer
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &newer):
			return err
		case err != nil:
			slog.Warn("the database is not ready", "error", err.Error())
			continue
		}
		break
	}
	g.migrated.Store(true)
	go g.forget(ctx)
	if folder == "" {
		return nil
	}
	files := newApplicationKeys(g.config, g.store, folder)
	for ; ctx.Err() == nil; pause(ctx, look) {
		files.put(ctx)
	}
	return nil
}

// forget usage that is old enough, again and again.
func (g *gateway) forget(ctx context.Context) {
	for ; ctx.Err() == nil; pause(ctx, tidy) {
		switch requests, err := g.store.Forget(ctx, g.config.UsageDays); {
		case err != nil:
			slog.Warn("old usage was not forgotten", "error", err.Error())
		case requests > 0:
			slog.Info("forgot the usage of old requests", "requests", requests, "days", g.config.UsageDays)
		}
	}
}

func (g *gateway) drain(traffic *server.Server, limit time.Duration) {
	end := time.Now().Add(limit)
	g.draining.Store(true)
	slog.Info("draining", "inFlight", g.settling.inFlight(), "limit", limit.String())
	late := min(lameDuck, limit/2)
	time.Sleep(late)
	all := traffic.Shutdown(limit - late)
	written := g.settling.flush(max(time.Until(end), lastWrites))
	slog.Info("ended", "all", all, "written", written)
}

// observed serves the metrics port.
func (g *gateway) observed() http.Handler {
	metrics := promhttp.HandlerFor(g.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	return server.Observed(metrics, func(request *http.Request) string {
		ctx, cancel := context.WithTimeout(request.Context(), store.Patience)
		defer cancel()
		switch {
		case g.draining.Load():
			return "draining"
		case !g.migrated.Load():
			return "the database has no schema yet"
		case g.store.Ready(ctx) != nil:
			return "the database does not answer"
		}
		return ""
	})
}

func pause(ctx context.Context, wait time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
}

// checkAdminKey before anything else: a gateway without administrator is of no use.
func checkAdminKey(path string) error {
	key, err := readKey(path)
	if err != nil {
		return err
	}
	if key == "" {
		return errors.New(path + ": no key; write one of 32 to 512 printable characters without spaces, such as of `openssl rand -hex 32`")
	}
	return nil
}

// readKey of a file; "": what it holds is none.
func readKey(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return acceptable(string(text)), nil
}
