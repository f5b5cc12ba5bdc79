// model-proxy stands in front of a model server: `sidecar` in its pod, `router` before all pods of a pool, `gateway` before all pools.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"openshift-ai-platform/images/model-proxy/internal/analyze"
	"openshift-ai-platform/images/model-proxy/internal/gateway"
	"openshift-ai-platform/images/model-proxy/internal/memory"
	"openshift-ai-platform/images/model-proxy/internal/router"
	"openshift-ai-platform/images/model-proxy/internal/settings"
	"openshift-ai-platform/images/model-proxy/internal/sidecar"
)

// Version is the image's tag too.
const Version = "1.0.0"

// Exit statuses: 1 it failed while running, 64 it was called wrongly (sysexits.h: EX_USAGE).
const (
	failed = 1
	usage  = 64
)

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

func run(args, environment []string, out, errors io.Writer) int {
	command := ""
	if len(args) == 1 {
		command = args[0]
	}
	var serve func(context.Context) error
	var problems settings.Problems
	switch command {
	case "version", "--version":
		fmt.Fprintln(out, Version)
		return 0
	case "help", "--help", "-h":
		fmt.Fprint(out, help())
		return 0
	case "analyze":
		return analyze.Main(environment, out, errors)
	case "sidecar":
		var values settings.Sidecar
		values, problems = settings.ForSidecar(environment)
		serve = func(ctx context.Context) error { return sidecar.Run(ctx, values, Version) }
	case "router":
		var values settings.Router
		values, problems = settings.ForRouter(environment)
		serve = func(ctx context.Context) error { return router.Run(ctx, values, Version) }
	case "gateway":
		var values settings.Gateway
		values, problems = settings.ForGateway(environment)
		serve = func(ctx context.Context) error { return gateway.Run(ctx, values, Version) }
	default:
		fmt.Fprintf(errors, "model-proxy: expected one command, got %q\n\n%s", args, help())
		return usage
	}
	if len(problems) > 0 {
		fmt.Fprint(errors, problems.String())
		return usage
	}

	slog.SetDefault(slog.New(slog.NewJSONHandler(out, nil)))
	memory.Limit()
	// A second signal ends the program at once.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := serve(ctx); err != nil {
		slog.Error("ended", "error", err.Error())
		return failed
	}
	return 0
}

func help() string {
	return "usage: model-proxy sidecar|router|gateway|analyze|version\n\n" +
		"sidecar  stands before one Ollama: metrics, a queue, an allow list of paths, and drain\n" +
		"router   sends each request of a pool to the replica that has the model loaded and the fewest requests\n" +
		"gateway  is the one API of all pools: keys, allowed models, limits, budgets, usage\n" +
		"analyze  asks a version prompts with known answers, then measures it under load, as the file in ANALYZE_PLAN says\n\n" +
		"Settings come from the environment.\n\nsidecar:\n" + settings.SidecarHelp() + "\nrouter:\n" + settings.RouterHelp() +
		"\ngateway:\n" + settings.GatewayHelp()
}
