// Package names decides which model a request means and under which name it is counted.
package names

import "strings"

// Other is the label of every model that is not the pool's own, so that clients can't make series.
const Other = "other"

// Canonical is the same for all spellings that Ollama takes for one model: "Library/Tiny" and "registry.ollama.ai/library/tiny:latest".
func Canonical(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	name = strings.TrimPrefix(name, "registry.ollama.ai/")
	name = strings.TrimPrefix(name, "library/")
	if name != "" && !strings.Contains(name[strings.LastIndexByte(name, '/')+1:], ":") {
		name += ":latest"
	}
	return name
}

// Labels are the names under which models are counted: as the configuration writes them.
type Labels struct {
	byName map[string]string
}

// New knows the given models.
func New(models []string) Labels {
	labels := Labels{byName: make(map[string]string, len(models))}
	for _, model := range models {
		labels.byName[Canonical(model)] = model
	}
	return labels
}

// Of a model as a client wrote it.
func (l Labels) Of(model string) string {
	if label, ok := l.byName[Canonical(model)]; ok {
		return label
	}
	return Other
}
