package names

import "testing"

func TestOneLabelForAllSpellings(t *testing.T) {
	labels := New([]string{"tiny:1", "llama3.2", "hf.co/org/model:Q4_K_M"})
	for model, wanted := range map[string]string{
		"tiny:1": "tiny:1", "Tiny:1": "tiny:1", "library/tiny:1": "tiny:1", "registry.ollama.ai/library/tiny:1": "tiny:1", "tiny": Other, "tiny:2": Other,
		"llama3.2": "llama3.2", "llama3.2:latest": "llama3.2", "hf.co/org/model:q4_k_m": "hf.co/org/model:Q4_K_M", "": Other, "x\ny": Other,
	} {
		if got := labels.Of(model); got != wanted {
			t.Errorf("%q: got %q, wanted %q", model, got, wanted)
		}
	}
}
