package reqbody

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"openshift-ai-platform/images/model-proxy/internal/memory"
)

const plenty = 1 << 30

func read(t *testing.T, from io.Reader, most int, budget *memory.Budget) *Body {
	t.Helper()
	body, err := Read(from, most, budget)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestModel(t *testing.T) {
	for text, wanted := range map[string]string{
		`{"model":"tiny:1","prompt":"x"}`:                                      "tiny:1",
		`{"messages":[{"model":"no"}],"options":{"model":"no"},"MODEL":"yes"}`: "yes",
		`{"model":"a","model":"b"}`:                                            "b",
		`{"model":"hf.co\/x\/y:1"}`:                                            "hf.co/x/y:1",
		`{"model":"` + strings.Repeat("x", 300) + `"}`:                         "",
		`{"model":7}`: "", "": "", "no json": "", `{"model":"cut`: "",
	} {
		for _, from := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
			body := read(t, from, 1<<20, memory.NewBudget(plenty))
			if body.Model != wanted || !body.Complete {
				t.Errorf("%s: got %q, complete %v", text, body.Model, body.Complete)
			}
		}
	}
}

func TestTheBodyIsSentAsItCame(t *testing.T) {
	text := `{"model":"tiny","images":["` + strings.Repeat("A", 3<<20) + `"]}`
	body := read(t, strings.NewReader(text), 1<<20, memory.NewBudget(plenty))
	if body.Complete || body.Size() != 1<<20 || body.Model != "tiny" || !body.Again() {
		t.Fatalf("complete %v, size %d, model %q", body.Complete, body.Size(), body.Model)
	}
	got, err := io.ReadAll(body.Reader())
	if err != nil || string(got) != text {
		t.Errorf("%v, %d bytes instead of %d", err, len(got), len(text))
	}
	if body.Again() {
		t.Error("it can't be sent again: its end was not kept")
	}
	whole := read(t, strings.NewReader(text), 16<<20, memory.NewBudget(plenty))
	for range 2 {
		if got, _ := io.ReadAll(whole.Reader()); string(got) != text {
			t.Errorf("%d bytes instead of %d", len(got), len(text))
		}
	}
}

func TestTheBudgetBoundsWhatIsKept(t *testing.T) {
	budget := memory.NewBudget(100 << 10)
	text := `{"model":"tiny","prompt":"` + strings.Repeat("A", 1<<20) + `"}`
	one := read(t, strings.NewReader(text), 16<<20, budget)
	two := read(t, strings.NewReader(text), 16<<20, budget)
	if sum := one.Size() + two.Size(); sum > 100<<10+2*first {
		t.Errorf("kept %d bytes", sum)
	}
	if one.Model != "tiny" || two.Model != "tiny" {
		t.Errorf("models %q and %q", one.Model, two.Model)
	}
	one.Release()
	two.Release()
	if !budget.Take(100 << 10) {
		t.Error("the budget was not given back")
	}
}

func TestABodyThatBreaksOff(t *testing.T) {
	budget := memory.NewBudget(plenty)
	broken := errors.New("broken")
	_, err := Read(io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<16)), iotest.ErrReader(broken)), 1<<20, budget)
	if !errors.Is(err, broken) || !budget.Take(plenty) {
		t.Errorf("got %v, or the budget was not given back", err)
	}
}
