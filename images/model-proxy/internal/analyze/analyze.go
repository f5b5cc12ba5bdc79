package analyze

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Exit statuses: 0 good, 1 not good enough, 64 the plan is wrong (sysexits.h: EX_USAGE).
const (
	notGood = 1
	usage   = 64
)

// tries that a prompt has: on a GPU an answer may vary with what is computed beside it, a wrong model is wrong each time.
const tries = 3

// Main runs the plan whose file ANALYZE_PLAN names. Its last words go where the cluster keeps them with the pod.
func Main(environment []string, out, errors io.Writer) int {
	file := ""
	for _, entry := range environment {
		if value, found := strings.CutPrefix(entry, "ANALYZE_PLAN="); found {
			file = value
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintf(errors, "model-proxy analyze: ANALYZE_PLAN: got %q, must be a file that can be read: %v\n", file, err)
		return usage
	}
	plan, err := Parse(text)
	if err != nil {
		fmt.Fprintf(errors, "model-proxy analyze: %s:\n%v\n", file, err)
		return usage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	problems, summary := Run(ctx, plan, net.DefaultResolver.LookupHost, out)
	line, _ := json.Marshal(summary)
	fmt.Fprintln(out, string(line))
	last, status := "good: "+string(line), 0
	if len(problems) > 0 {
		last, status = strings.Join(problems, "; "), notGood
	}
	fmt.Fprintln(out, last)
	_ = os.WriteFile("/dev/termination-log", []byte(last), 0o644) // only there in a pod
	return status
}

// Lookup resolves a name to addresses.
type Lookup func(ctx context.Context, host string) ([]string, error)

// Run asks the prompts, then makes load until the plan's time is over or nothing can be won. It returns what is not good.
func Run(ctx context.Context, plan Plan, lookup Lookup, out io.Writer) ([]string, Summary) {
	end := time.Now().Add(time.Duration(plan.Seconds * float64(time.Second)))
	askers, err := find(ctx, plan, lookup)
	if err != nil {
		return []string{err.Error()}, Summary{}
	}
	if wrong := check(ctx, plan, askers); len(wrong) > 0 {
		return wrong, Summary{}
	}
	fmt.Fprintf(out, "%d prompts answered right by %d addresses\n", len(plan.Prompts), len(askers))

	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	var measured Measurements
	load(ctx, cancel, plan, askers, &measured)
	summary := measured.Summary()
	return summary.Problems(plan), summary
}

func find(ctx context.Context, plan Plan, lookup Lookup) ([]Asker, error) {
	host, port, err := net.SplitHostPort(plan.Target)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var addresses []string
	for {
		if addresses, err = lookup(ctx, host); err == nil && len(addresses) > 0 {
			break
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: no address for 30 s: %w", host, err)
		case <-time.After(time.Second):
		}
	}
	slices.Sort(addresses)
	// No proxy of the site: what is asked is in the cluster.
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: plan.Concurrency}}
	askers := make([]Asker, 0, len(addresses))
	for _, address := range slices.Compact(addresses) {
		askers = append(askers, Asker{client, net.JoinHostPort(address, port), time.Duration(plan.AnswerSeconds * float64(time.Second))})
	}
	return askers, nil
}

// check asks each address each prompt, one after the other, and returns what is wrong.
func check(ctx context.Context, plan Plan, askers []Asker) []string {
	wrong := make([][]string, len(askers))
	var all sync.WaitGroup
	for i, asker := range askers {
		all.Go(func() {
			for _, prompt := range plan.Prompts {
				if problem := checkOne(ctx, asker, prompt); problem != "" {
					wrong[i] = append(wrong[i], fmt.Sprintf("model %s, prompt %q: %s", prompt.Model, shorten(prompt.Prompt), problem))
				}
			}
		})
	}
	all.Wait()
	lines := slices.Compact(slices.Sorted(slices.Values(slices.Concat(wrong...))))
	if len(lines) > 5 {
		lines = append(lines[:5], fmt.Sprintf("and %d more", len(lines)-5))
	}
	return lines
}

func checkOne(ctx context.Context, asker Asker, prompt Prompt) string {
	problem := ""
	for range tries {
		answer, err := asker.Ask(ctx, prompt, prompt.Prompt)
		switch {
		case err != nil:
			problem = err.Error()
		case prompt.Accepts(answer.Text):
			return ""
		default:
			problem = fmt.Sprintf("answered %q, wanted %s", shorten(answer.Text), prompt.wanted())
		}
		if ctx.Err() != nil {
			break
		}
	}
	return problem
}

// load keeps each address busy. A request that the end cuts off counts for nothing.
func load(ctx context.Context, cancel context.CancelFunc, plan Plan, askers []Asker, measured *Measurements) {
	var all sync.WaitGroup
	for _, asker := range askers {
		for worker := range plan.Concurrency {
			all.Go(func() {
				for turn := worker; ctx.Err() == nil; turn++ {
					prompt := plan.Prompts[turn%len(plan.Prompts)]
					// Each prompt begins anew, so that none is answered from the server's cache of prompts.
					answer, err := asker.Ask(ctx, prompt, fmt.Sprintf("%d.%d %s", worker, turn, prompt.Prompt))
					if err != nil && ctx.Err() != nil {
						return
					}
					measured.Add(answer, err)
					if measured.Summary().Hopeless(plan) {
						cancel()
					}
					if err != nil {
						rest(ctx)
					}
				}
			})
		}
	}
	all.Wait()
}

// rest a moment after a failure: refused connections would fill the time with nothing else.
func rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(200 * time.Millisecond):
	}
}
