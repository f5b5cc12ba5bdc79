// Package budget has what budgets are made of: periods in UTC, money without rounding errors, and what a request costs.
package budget

import (
	"math"
	"time"
)

// Periods.
const (
	Day   = "day"
	Month = "month"
)

// Scopes of budgets and rates.
const (
	Key  = "key"
	User = "user"
	Team = "team"
)

// Renews is when the period that has `at` in it ends.
func Renews(period string, at time.Time) time.Time {
	at = at.UTC()
	if period == Month {
		return time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, time.UTC)
}

// Money in billionths of the currency: a token's price is a whole number of them, and sums stay exact.
type Money int64

const unit = 1e9

// MostCost of a budget, in the currency.
const MostCost = 1e9

// Of an amount in the currency.
func Of(amount float64) Money { return Money(math.Round(amount * unit)) }

// Amount in the currency.
func (m Money) Amount() float64 { return float64(m) / unit }

// Rates of one model, in billionths of the currency.
type Rates struct {
	// Input and Output of a token, GPU of a second.
	Input, Output, GPU float64
}

// NewRates from prices of a million tokens and of a GPU's hour.
func NewRates(inputPerMillion, outputPerMillion, gpuHour float64) Rates {
	return Rates{Input: inputPerMillion * unit / 1e6, Output: outputPerMillion * unit / 1e6, GPU: gpuHour * unit / 3600}
}

// Cost of a request.
func (r Rates) Cost(input, output int64, gpuSeconds float64) Money {
	return Money(math.Round(float64(input)*r.Input + float64(output)*r.Output + gpuSeconds*r.GPU))
}
