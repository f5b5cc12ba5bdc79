package router

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/settings"
)

const (
	lookEvery = time.Second
	// While requests wait, since other routers' requests may have ended meanwhile.
	lookWaiting = 100 * time.Millisecond
	lookWithin  = 2 * time.Second
)

// resolver as net.Resolver has it; tests have their own.
type resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// watcher keeps a pool up to date: which replicas there are, and how each is.
type watcher struct {
	pool       *pool
	backends   []settings.Backend
	statusPort int
	names      resolver
	client     *http.Client
	// looked: the addresses were asked for once, so that a queue makes sense.
	looked atomic.Bool
	failed bool // the last look-up did
}

func newWatcher(p *pool, values settings.Router, names resolver) *watcher {
	return &watcher{pool: p, backends: values.Backends, statusPort: values.StatusPort, names: names, client: &http.Client{
		Timeout: lookWithin, Transport: &http.Transport{MaxIdleConnsPerHost: 1}, // not through the site's proxy
	}}
}

// run until the context ends.
func (w *watcher) run(ctx context.Context) {
	w.pool.found = func(one *replica) { go w.follow(ctx, one) }
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		w.resolve(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// resolve asks which replicas there are. When names can't be asked for, the pool stays what it was.
func (w *watcher) resolve(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var all []netip.AddrPort
	for _, backend := range w.backends {
		found, err := w.lookup(ctx, backend.Host)
		if err != nil {
			if !w.failed && ctx.Err() == nil {
				slog.Warn("addresses of the replicas can't be asked for; those known stay", "host", backend.Host, "error", err.Error())
			}
			w.failed = true
			return
		}
		for _, address := range found {
			if one := netip.AddrPortFrom(address.Unmap(), backend.Port); !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	w.failed = false
	w.pool.list(all)
	w.looked.Store(true)
}

// lookup prefers IPv4: a pod with addresses of both families is one replica. A name without addresses is a pool without replicas.
func (w *watcher) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	for _, family := range []string{"ip4", "ip6"} {
		found, err := w.names.LookupNetIP(ctx, family, host)
		var failure *net.DNSError
		// A literal address of the other family is an AddrError.
		var other *net.AddrError
		if err != nil && !errors.As(err, &other) && (!errors.As(err, &failure) || !failure.IsNotFound) {
			return nil, err
		}
		if len(found) > 0 {
			return found, nil
		}
	}
	return nil, nil
}

// follow a replica until it is forgotten.
func (w *watcher) follow(ctx context.Context, one *replica) {
	address := "http://" + net.JoinHostPort(one.address.Addr().String(), strconv.Itoa(w.statusPort)) + "/status"
	ticker := time.NewTicker(lookWaiting)
	defer ticker.Stop()
	for {
		asked := time.Now()
		status, err := w.ask(ctx, address)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			w.pool.look(one, &status, false)
		} else {
			w.pool.look(one, nil, neverSent(err))
		}
		for wait := true; wait; wait = time.Since(asked) < lookEvery && w.pool.queued() == 0 {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
		if w.pool.forgotten(one) {
			return
		}
	}
}

func (w *watcher) ask(ctx context.Context, address string) (Status, error) {
	var status Status
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return status, err
	}
	response, err := w.client.Do(request)
	if err != nil {
		return status, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return status, fmt.Errorf("%s: %s", address, response.Status)
	}
	return status, json.NewDecoder(http.MaxBytesReader(nil, response.Body, 1<<20)).Decode(&status)
}

// neverSent: the connection was not made, so that the request can't have been worked on.
func neverSent(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && failed.Op == "dial"
}
