package gateway

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"openshift-ai-platform/images/model-proxy/internal/gateway/prompt"
	"openshift-ai-platform/images/model-proxy/internal/gateway/store"
	"openshift-ai-platform/images/model-proxy/internal/names"
	"openshift-ai-platform/images/model-proxy/internal/refuse"
	"openshift-ai-platform/images/model-proxy/internal/reqbody"
	"openshift-ai-platform/images/model-proxy/internal/server"
)

// A request that has no room only because others run may wait a little: what they used is written just now.
var heldWaits = []time.Duration{20 * time.Millisecond, 80 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond}

func (g *gateway) inference(w http.ResponseWriter, request *http.Request, c *call) {
	team, model := names.Other, names.Other
	refused := func(refusal *refuse.Refusal) {
		c.status = refusal.Status
		c.count(team, model)
		g.refuse(w, refusal, c.route.Dialect)
	}
	who, refusal := g.identify(request, false)
	if refusal != nil {
		refused(refusal)
		return
	}
	team = who.key.Team
	body, done, refusal := g.read(w, request)
	if refusal != nil {
		refused(refusal)
		return
	}
	if body == nil { // the client is gone
		c.status = statusGone
		c.count(team, model)
		return
	}
	defer done()
	var err error
	if c.prompt, err = prompt.Read(c.route.Path, body.Kept()); err != nil {
		refused(malformed(err))
		return
	}
	label := g.labels.Of(c.prompt.Model)
	// What was remembered of the key may be old: once more with what the database has.
	for fresh := false; ; fresh = true {
		if refusal := who.forbidden(c.prompt.Model, label, label != names.Other); refusal != nil {
			refused(refusal)
			return
		}
		c.who, c.asked, model = who, label, label
		verdict, err := g.admit(request, c)
		switch {
		case err != nil:
			refused(g.unavailable(err))
			return
		case verdict.Verdict == store.KeyChanged && !fresh:
			g.known.forget(who.hash)
			if who, refusal = g.identify(request, true); refusal != nil {
				refused(refusal)
				return
			}
			continue
		case verdict.Verdict == store.KeyChanged: // and again, just now
			refused(wrongKey)
			return
		case verdict.Verdict != store.Admitted:
			tellRates(w.Header(), verdict)
			refused(g.over(verdict, time.Now()))
			return
		}
		tellRates(w.Header(), verdict)
		c.output = verdict.Output
		break
	}
	// A broken answer ends in a panic that net/http expects.
	defer func() {
		c.settle(request.Context().Err() != nil)
		c.count(team, model)
	}()
	g.forward(w, request, c)
}

// read the whole body; nil: the client is gone.
func (g *gateway) read(w http.ResponseWriter, request *http.Request) (*reqbody.Body, func(), *refuse.Refusal) {
	most := g.config.MaxBodyBytes
	if request.ContentLength > int64(most) {
		return nil, nil, tooLarge(most)
	}
	incoming := reqbody.NewStalling(w, request.Body, server.BodyStall)
	body, err := reqbody.Read(incoming, most+1, g.bodies)
	if err != nil {
		incoming.End()
		var slow net.Error
		if errors.As(err, &slow) && slow.Timeout() {
			return nil, nil, slowBody
		}
		return nil, nil, nil
	}
	done := func() {
		incoming.End()
		body.Release()
	}
	switch {
	case body.Size() > most:
		done()
		return nil, nil, tooLarge(most)
	case !body.Complete:
		done()
		return nil, nil, noMemory
	}
	return body, done, nil
}

// admit in one round trip, unless it waits for what others have reserved.
func (g *gateway) admit(request *http.Request, c *call) (verdict store.Verdict, err error) {
	begun := time.Now()
	defer func() { g.metrics.admission.Observe(time.Since(begun).Seconds()) }()
	// A client that goes away now shall not cost a connection to the database.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(request.Context()), store.Patience)
	defer cancel()
	for try := 0; ; try++ {
		ask := g.ask(c)
		c.id = ask.ID
		g.settling.started(ask.ID)
		verdict, err = g.store.Admit(ctx, ask)
		if err != nil || verdict.Verdict != store.Admitted {
			g.settling.forget(ask.ID)
		}
		if err != nil || !verdict.Held || try == len(heldWaits) {
			return verdict, err
		}
		pause(ctx, heldWaits[try])
	}
}

func (g *gateway) ask(c *call) store.Ask {
	rates := g.config.Rates(c.asked)
	ask := store.Ask{
		ID: store.NewID(), Key: c.who.key, Hash: c.who.hash, Rates: c.who.rates(), Budgets: c.who.budgets, Prompt: c.prompt.Input,
		PromptCost: rates.Cost(c.prompt.Input, 0, g.expected.of(c.asked)), TokenCost: rates.Output,
	}
	if c.prompt.Generates() {
		wanted := c.prompt.Output
		if wanted == 0 {
			wanted = g.config.Defaults.MaxTokens
		}
		ask.Output, ask.LeastOutput = wanted*c.prompt.Choices, c.prompt.Choices
	}
	return ask
}

// tellRates in the headers that OpenAI's clients know: of the key and its team, what is nearer to its end.
func tellRates(header http.Header, verdict store.Verdict) {
	tell := func(kind string, limit *int64, left *float64) {
		if limit == nil || left == nil {
			return
		}
		number := max(int64(math.Floor(*left)), 0)
		if before, err := strconv.ParseInt(header.Get("X-Ratelimit-Remaining-"+kind), 10, 64); err == nil && before <= number {
			return
		}
		header.Set("X-Ratelimit-Limit-"+kind, strconv.FormatInt(*limit, 10))
		header.Set("X-Ratelimit-Remaining-"+kind, strconv.FormatInt(number, 10))
	}
	for _, one := range verdict.Rates {
		tell("Requests", one.RequestLimit, one.Requests)
		tell("Tokens", one.TokenLimit, one.Tokens)
	}
}

// candidates in the order in which they are asked: pools with the model, then those with what stands in for it.
func (g *gateway) candidates(c *call) []candidate {
	var all []candidate
	for _, model := range append([]string{c.asked}, g.config.Fallbacks[c.asked]...) {
		if slices.Contains(c.who.models, model) {
			all = append(all, g.pools.with(model)...)
		}
	}
	return all
}
