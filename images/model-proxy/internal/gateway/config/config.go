// Package config reads the gateway's file: pools, teams, applications, limits and prices.
package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"openshift-ai-platform/images/model-proxy/internal/gateway/budget"
	"openshift-ai-platform/images/model-proxy/internal/names"
)

// Config is the whole file.
type Config struct {
	Pools        []Pool              `json:"pools"`
	Fallbacks    map[string][]string `json:"fallbacks"`
	Teams        []Team              `json:"teams"`
	Applications []Application       `json:"applications"`
	Defaults     Defaults            `json:"defaults"`
	Prices       Prices              `json:"prices"`
	MaxBodyBytes int                 `json:"maxBodyBytes"`
	// UsageDays is how long the usage of each request is kept.
	UsageDays int `json:"usageDays"`
}

// Pool serves models.
type Pool struct {
	Name   string   `json:"name"`
	URL    string   `json:"url"`
	Models []string `json:"models"`
	// GPUShare is a replica's GPUs for each request that it has at the same time.
	GPUShare float64 `json:"gpuShare"`
}

// Limits per minute; nil: none is set.
type Limits struct {
	Requests *int64 `json:"requestsPerMinute,omitempty"`
	Tokens   *int64 `json:"tokensPerMinute,omitempty"`
}

// Budget of a period, in tokens, cost, or both.
type Budget struct {
	Period string   `json:"period"`
	Tokens *int64   `json:"tokens,omitempty"`
	Cost   *float64 `json:"cost,omitempty"`
}

// Team has users and applications.
type Team struct {
	Name    string   `json:"name"`
	Models  []string `json:"models"`
	Limits  Limits   `json:"limits"`
	Budgets []Budget `json:"budgets"`
}

// Application has one key, which comes from a file.
type Application struct {
	Name string `json:"name"`
	Team string `json:"team"`
	// Models of the team's; none: all of them.
	Models  []string `json:"models"`
	Limits  Limits   `json:"limits"`
	Budgets []Budget `json:"budgets"`
}

// Defaults where a key has no limits of its own, and a request no limit on its answer.
type Defaults struct {
	Limits    Limits `json:"limits"`
	MaxTokens int64  `json:"maxTokens"`
}

// Prices of tokens and of a GPU's hour.
type Prices struct {
	Currency string           `json:"currency"`
	GPUHour  float64          `json:"gpuHour"`
	Models   map[string]Price `json:"models"`
}

// Price of a million tokens.
type Price struct {
	InputPerMillion  float64 `json:"inputPerMillion"`
	OutputPerMillion float64 `json:"outputPerMillion"`
}

// Read the file. The error lists all that is wrong.
func Read(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	config, problems := Parse(text)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %d problem(s)\n  %s\nfix: correct these fields of the file", path, len(problems), strings.Join(problems, "\n  "))
	}
	return config, nil
}

// Parse the text of the file.
func Parse(text []byte) (*Config, []string) {
	config := &Config{Defaults: Defaults{MaxTokens: 4096}, MaxBodyBytes: 10 << 20, UsageDays: 400}
	problems := unknownFields(text, config)
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(config); err != nil {
		return nil, append(problems, err.Error())
	}
	if decoder.More() {
		problems = append(problems, "something follows the object")
	}
	return config, append(problems, config.check()...)
}

// Models of all pools, sorted.
func (c *Config) Models() []string {
	var models []string
	for _, pool := range c.Pools {
		models = append(models, pool.Models...)
	}
	slices.Sort(models)
	return slices.Compact(models)
}

// Labels know all models in every spelling.
func (c *Config) Labels() names.Labels { return names.New(c.Models()) }

// Team of a name; nil: there is none.
func (c *Config) Team(name string) *Team {
	for i := range c.Teams {
		if c.Teams[i].Name == name {
			return &c.Teams[i]
		}
	}
	return nil
}

// Application of a name; nil: there is none.
func (c *Config) Application(name string) *Application {
	for i := range c.Applications {
		if c.Applications[i].Name == name {
			return &c.Applications[i]
		}
	}
	return nil
}

// Rates of a model.
func (c *Config) Rates(model string) budget.Rates {
	price := c.Prices.Models[model]
	return budget.NewRates(price.InputPerMillion, price.OutputPerMillion, c.Prices.GPUHour)
}

// Or takes from others what is not set.
func (l Limits) Or(others Limits) Limits {
	if l.Requests == nil {
		l.Requests = others.Requests
	}
	if l.Tokens == nil {
		l.Tokens = others.Tokens
	}
	return l
}
