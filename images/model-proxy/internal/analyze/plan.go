// Package analyze asks a version of a pool prompts with known answers, then keeps it busy and measures it: whether it may have users.
package analyze

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
)

// Plan is what to ask, and what the answers must be like.
type Plan struct {
	// Target is host and port of the pods: of a headless Service each of them, else what the name stands for.
	Target string `json:"target"`
	// Seconds for which load is made, from the start.
	Seconds float64 `json:"seconds"`
	// Concurrency is how many requests each address gets at a time.
	Concurrency int `json:"concurrency"`
	// AnswerSeconds is the longest that one answer may take.
	AnswerSeconds float64 `json:"answerSeconds"`
	// FirstTokenSeconds is the highest 95th percentile of the time to the first token.
	FirstTokenSeconds float64 `json:"firstTokenSeconds"`
	// ErrorRatio is the highest share of requests that fail.
	ErrorRatio float64  `json:"errorRatio"`
	Prompts    []Prompt `json:"prompts"`
}

// Prompt is asked at temperature 0, so that its answer depends on model and seed only.
type Prompt struct {
	Model     string  `json:"model"`
	Prompt    string  `json:"prompt"`
	MaxTokens int     `json:"maxTokens"`
	Seed      int     `json:"seed"`
	Expect    *Expect `json:"expect,omitempty"`

	expression *regexp.Regexp
}

// Expect is the right answer: as a whole, a part of it, or what it must match.
type Expect struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Parse reads a plan. The error names all that is wrong with it.
func Parse(text []byte) (Plan, error) {
	var plan Plan
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&plan); err != nil {
		return plan, err
	}
	var problems []error
	must := func(ok bool, format string, values ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, values...))
		}
	}
	host, port, err := net.SplitHostPort(plan.Target)
	must(err == nil && host != "" && port != "", "target: got %q, must be a host and a port, such as pool-preview:11434", plan.Target)
	must(plan.Seconds >= 0, "seconds: got %v, must be 0 or more", plan.Seconds)
	must(plan.Concurrency >= 1 && plan.Concurrency <= 1024, "concurrency: got %d, must be from 1 to 1024", plan.Concurrency)
	must(plan.AnswerSeconds > 0, "answerSeconds: got %v, must be more than 0", plan.AnswerSeconds)
	must(plan.FirstTokenSeconds > 0, "firstTokenSeconds: got %v, must be more than 0", plan.FirstTokenSeconds)
	must(plan.ErrorRatio >= 0 && plan.ErrorRatio <= 1, "errorRatio: got %v, must be from 0 to 1", plan.ErrorRatio)
	must(len(plan.Prompts) > 0, "prompts: none, must be at least one")
	for i := range plan.Prompts {
		one := &plan.Prompts[i]
		must(one.Model != "", "prompts[%d].model: missing", i)
		must(one.MaxTokens >= 1, "prompts[%d].maxTokens: got %d, must be 1 or more", i, one.MaxTokens)
		if one.Expect == nil {
			continue
		}
		switch one.Expect.Kind {
		case "exact", "contains":
		case "regex":
			if one.expression, err = regexp.Compile(one.Expect.Text); err != nil {
				problems = append(problems, fmt.Errorf("prompts[%d].expect.text: %w", i, err))
			}
		default:
			must(false, "prompts[%d].expect.kind: got %q, must be exact, contains or regex", i, one.Expect.Kind)
		}
	}
	return plan, errors.Join(problems...)
}

// Accepts tells whether an answer is right. Without an expectation any is that has a token.
func (p Prompt) Accepts(answer string) bool {
	switch {
	case p.Expect == nil:
		return answer != ""
	case p.Expect.Kind == "exact":
		return answer == p.Expect.Text
	case p.Expect.Kind == "contains":
		return strings.Contains(answer, p.Expect.Text)
	default:
		return p.expression.MatchString(answer)
	}
}

func (p Prompt) wanted() string {
	if p.Expect == nil {
		return "any answer"
	}
	return fmt.Sprintf("%s %q", p.Expect.Kind, shorten(p.Expect.Text))
}

// shorten keeps a message small enough to be kept by the cluster: 4 KiB for all of it.
func shorten(text string) string {
	if characters := []rune(text); len(characters) > 120 {
		return string(characters[:120]) + "…"
	}
	return text
}
