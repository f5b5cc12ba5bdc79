// Program gpu-config reads configurations of NVIDIA's device plugin, by their key as JSON on its standard input, with the plugin's own code, and writes what it
// makes of each.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	spec "github.com/NVIDIA/k8s-device-plugin/api/config/v1"
	cli "github.com/urfave/cli/v2"
	"sigs.k8s.io/yaml"
)

type result struct {
	Error       string                    `json:"error,omitempty"`
	MigStrategy *string                   `json:"migStrategy,omitempty"`
	Strategy    spec.SharingStrategy      `json:"strategy,omitempty"`
	FailMore    bool                      `json:"failRequestsGreaterThanOne,omitempty"`
	Resources   []spec.ReplicatedResource `json:"resources,omitempty"`
}

func main() {
	var configs map[string]string
	if err := json.NewDecoder(os.Stdin).Decode(&configs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	results := map[string]result{}
	for key, text := range configs {
		config, err := read(text)
		if err != nil {
			results[key] = result{Error: err.Error()}
			continue
		}
		replicated := config.Sharing.ReplicatedResources()
		results[key] = result{
			MigStrategy: config.Flags.MigStrategy,
			Strategy:    config.Sharing.SharingStrategy(),
			FailMore:    replicated.FailRequestsGreaterThanOne,
			Resources:   replicated.Resources,
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// As the plugin does it, from a file; and strictly before, since it takes unknown fields for none.
func read(text string) (*spec.Config, error) {
	if err := yaml.UnmarshalStrict([]byte(text), &spec.Config{}); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp("", "gpu-config-*.yaml")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	if err := os.WriteFile(file.Name(), []byte(text), 0o600); err != nil {
		return nil, err
	}
	flags := flag.NewFlagSet("gpu-config", flag.ContinueOnError)
	flags.String("config-file", file.Name(), "")
	return spec.NewConfig(cli.NewContext(cli.NewApp(), flags, nil), nil)
}
