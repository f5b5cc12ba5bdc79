package sidecar

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

type loadedModel struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	GPU  int64  `json:"size_vram"`
}

func (s *ollama) ask(ctx context.Context) ([]loadedModel, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address, nil)
	if err != nil {
		return nil, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", s.address, response.Status)
	}
	var body struct {
		Models []loadedModel `json:"models"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, response.Body, 1<<20)).Decode(&body); err != nil {
		return nil, err
	}
	return body.Models, nil
}
