package analyze

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// Measurements of the load. Safe for use by several goroutines.
type Measurements struct {
	mutex       sync.Mutex
	firstTokens []time.Duration
	requests    int
	errors      map[string]int
}

// Add notes one request.
func (m *Measurements) Add(answer Answer, err error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.requests++
	if err != nil {
		if m.errors == nil {
			m.errors = map[string]int{}
		}
		m.errors[err.Error()]++
		return
	}
	if answer.FirstToken > 0 {
		m.firstTokens = append(m.firstTokens, answer.FirstToken)
	}
}

// Summary in numbers; seconds. NaN is no number in JSON: what was not measured is nil.
type Summary struct {
	Requests        int      `json:"requests"`
	ErrorRatio      *float64 `json:"errorRatio"`
	FirstTokenP95   *float64 `json:"firstTokenSecondsP95"`
	MostCommonError string   `json:"error,omitempty"`
}

// Summary of what was measured up to now.
func (m *Measurements) Summary() Summary {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	summary := Summary{Requests: m.requests}
	failed, most := 0, 0
	for text, count := range m.errors {
		failed += count
		if count > most || count == most && text < summary.MostCommonError {
			most, summary.MostCommonError = count, text
		}
	}
	if m.requests > 0 {
		ratio := float64(failed) / float64(m.requests)
		summary.ErrorRatio = &ratio
	}
	if len(m.firstTokens) > 0 {
		sorted := slices.Sorted(slices.Values(m.firstTokens))
		// Nearest rank: with fewer than 20 measurements, the slowest.
		p95 := sorted[int(math.Ceil(0.95*float64(len(sorted))))-1].Seconds()
		summary.FirstTokenP95 = &p95
	}
	return summary
}

// enough requests, so that one failure is no more than the guide's 5 %.
const enough = 20

// Problems are what the version is not good enough in. Nothing measured is one.
func (s Summary) Problems(plan Plan) []string {
	var problems []string
	switch {
	case s.ErrorRatio == nil:
		problems = append(problems, "no request was made")
	case *s.ErrorRatio > plan.ErrorRatio:
		problems = append(problems, fmt.Sprintf("%.3g of %d requests failed, wanted <= %g: %s", *s.ErrorRatio, s.Requests, plan.ErrorRatio, shorten(s.MostCommonError)))
	}
	switch {
	case s.FirstTokenP95 == nil && s.Requests > 0:
		problems = append(problems, "no answer had a token")
	case s.FirstTokenP95 != nil && *s.FirstTokenP95 > plan.FirstTokenSeconds:
		problems = append(problems, fmt.Sprintf("first token after %.3g s (95th percentile), wanted <= %g s", *s.FirstTokenP95, plan.FirstTokenSeconds))
	}
	return problems
}

// Hopeless tells that measuring on would change nothing: so many failed that the version is given up now.
func (s Summary) Hopeless(plan Plan) bool {
	return s.ErrorRatio != nil && s.Requests >= enough && *s.ErrorRatio > math.Max(plan.ErrorRatio, 0.5)
}
