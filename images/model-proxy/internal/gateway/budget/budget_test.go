package budget

import (
	"testing"
	"time"
)

func TestPeriodsEndInUTC(t *testing.T) {
	east := time.FixedZone("east", 10*3600)
	for _, one := range []struct{ period, at, wanted string }{
		{Day, "2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z"},
		{Day, "2028-02-28T00:00:00Z", "2028-02-29T00:00:00Z"},
		{Month, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"},
		{Month, "2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z"},
	} {
		at, _ := time.Parse(time.RFC3339, one.at)
		for _, given := range []time.Time{at, at.In(east)} {
			if got := Renews(one.period, given).Format(time.RFC3339); got != one.wanted {
				t.Errorf("%s of %s: got %s, not %s", one.period, given, got, one.wanted)
			}
		}
	}
}

func TestCostIsExact(t *testing.T) {
	rates := NewRates(0.1, 0.3, 2.5)
	var sum Money
	for range 1_000_000 {
		sum += rates.Cost(1, 1, 0)
	}
	if sum != Of(0.4) {
		t.Errorf("a million tokens in and out: got %v", sum.Amount())
	}
	if got := rates.Cost(0, 0, 3600).Amount(); got != 2.5 {
		t.Errorf("an hour: got %v", got)
	}
	if got := (Rates{}).Cost(1e6, 1e6, 1e6); got != 0 {
		t.Errorf("without prices: got %v", got)
	}
}
