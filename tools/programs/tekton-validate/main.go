// Program tekton-validate reads objects of Tekton, a JSON list on its standard input, and says what Tekton's own admission would: it sets defaults and validates,
// as its webhook does on creation, and refuses unknown fields. Writes a JSON list with one text for each object, empty where it is fine.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	pipeline "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	triggers "github.com/tektoncd/triggers/pkg/apis/triggers/v1beta1"
	"knative.dev/pkg/apis"
)

type object interface {
	apis.Defaultable
	apis.Validatable
}

func main() {
	var objects []json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&objects); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	results := make([]string, len(objects))
	for i, raw := range objects {
		results[i] = problemOf(raw)
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func problemOf(raw []byte) string {
	var kind struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := json.Unmarshal(raw, &kind); err != nil {
		return err.Error()
	}
	made := empty(kind.APIVersion + " " + kind.Kind)
	if made == nil {
		return fmt.Sprintf("no kind %s of %s", kind.Kind, kind.APIVersion)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(made); err != nil {
		return err.Error()
	}
	ctx := apis.WithinCreate(context.Background())
	made.SetDefaults(ctx)
	if err := made.Validate(ctx); err != nil {
		return err.Error()
	}
	return ""
}

func empty(kind string) object {
	switch kind {
	case "tekton.dev/v1 Task":
		return &pipeline.Task{}
	case "tekton.dev/v1 Pipeline":
		return &pipeline.Pipeline{}
	case "tekton.dev/v1 PipelineRun":
		return &pipeline.PipelineRun{}
	case "triggers.tekton.dev/v1beta1 TriggerBinding":
		return &triggers.TriggerBinding{}
	case "triggers.tekton.dev/v1beta1 TriggerTemplate":
		return &triggers.TriggerTemplate{}
	case "triggers.tekton.dev/v1beta1 EventListener":
		return &triggers.EventListener{}
	}
	return nil
}
