package config

import (
	"strings"
	"testing"
)

const good = `{
  "pools": [{"name":"ollama","url":"http://ollama.ns.svc:11434","models":["a:1","b:1"],"gpuShare":0.25}],
  "fallbacks": {"a:1":["b:1"]},
  "teams": [{"name":"web","models":["a:1"],"limits":{"requestsPerMinute":600},"budgets":[{"period":"month","tokens":1000000,"cost":50.0}]}],
  "applications": [{"name":"ci","team":"web","budgets":[{"period":"day","tokens":0}]}],
  "defaults": {"limits":{"requestsPerMinute":60,"tokensPerMinute":100000}},
  "prices": {"currency":"EUR","gpuHour":2.5,"models":{"a:1":{"inputPerMillion":0.1}}}
}`

func TestAGoodFile(t *testing.T) {
	config, problems := Parse([]byte(good))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if config.Defaults.MaxTokens != 4096 || config.MaxBodyBytes != 10<<20 || config.UsageDays != 400 || *config.Team("web").Limits.Requests != 600 || config.Application("ci").Team != "web" {
		t.Errorf("got %+v", config)
	}
	if limits := config.Team("web").Limits.Or(config.Defaults.Limits); *limits.Requests != 600 || *limits.Tokens != 100_000 {
		t.Errorf("got %+v", limits)
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, problems := Parse([]byte(`{
	  "colour": 1,
	  "pools": [{"name":"Ollama","url":"ollama:1/x","models":[],"gpuShare":-1,"gpu":1},{"name":"x","url":"http://x","models":["a:1"]},{"name":"x","url":"http://x","models":["a:1"]}],
	  "fallbacks": {"a:1":["a:1","z"]},
	  "teams": [{"name":"web","models":["z"],"limits":{"requestsPerMinute":0,"perHour":1},"budgets":[{"period":"year"},{"period":"day","tokens":-1},{"period":"day","cost":1}]}],
	  "applications": [{"name":"ci","team":"none"},{"name":"cd","team":"web","models":["a:1"]}],
	  "defaults": {"maxTokens":0},
	  "prices": {"gpuHour":-2,"models":{"z":{"input":1}}},
	  "maxBodyBytes": 1,
	  "usageDays": 30
	}`))
	text := strings.Join(problems, "\n")
	for _, wanted := range []string{
		"colour: no such field; there are applications, defaults,", "pools[0].gpu: no such field", "teams[0].limits.perHour: no such field", "prices.models.z.input: no such field",
		`pools[0].name: got "Ollama", must be`, `pools[2].name: got "x" a second time`, `pools."Ollama".url: got "ollama:1/x"`, `pools."Ollama".models: got []`, `pools."Ollama".gpuShare: got -1`,
		`fallbacks."a:1": names itself`, `fallbacks."a:1": got "z", must be of a pool's models: a:1`,
		`teams."web".models: got "z"`, `teams."web".limits.requestsPerMinute: got 0, must be from 1 to`, `budgets[0].period: got "year"`, "budgets[0]: got neither tokens nor cost",
		"budgets[1].tokens: got -1", `budgets[2].period: got "day" a second time`,
		`applications."ci".team: got "none"`, `applications."cd".models: got "a:1", must be of the models of its team`,
		"defaults.maxTokens: got 0", "prices.gpuHour: got -2", `prices.models."z": got "z"`, "maxBodyBytes: got 1,", "usageDays: got 30, must be from 31",
	} {
		if !strings.Contains(text, wanted) {
			t.Errorf("missing %q", wanted)
		}
	}
	if len(problems) != 24 {
		t.Errorf("got %d:\n%s", len(problems), text)
	}
}

func TestWhatIsNoObject(t *testing.T) {
	for _, text := range []string{"", "[]", "{", good + "x", `{"pools":{}}`} {
		if _, problems := Parse([]byte(text)); len(problems) == 0 {
			t.Errorf("%.20q: no problem", text)
		}
	}
}
