package analyze

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Answer to one request.
type Answer struct {
	Text string
	// FirstToken is the time until the first piece of the answer; 0: none came.
	FirstToken time.Duration
}

// Asker asks one address.
type Asker struct {
	client  *http.Client
	address string
	limit   time.Duration
}

// statusError: it answered, with another status than 200.
type statusError struct {
	status int
	body   string
}

func (e statusError) Error() string { return fmt.Sprintf("HTTP status %d: %s", e.status, e.body) }

// Ask streams an answer. An error is one of the version's: refused, cut off, too late, or told in the stream.
func (a Asker) Ask(ctx context.Context, prompt Prompt, text string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, a.limit)
	defer cancel()
	body, err := json.Marshal(map[string]any{
		"model": prompt.Model, "prompt": text, "stream": true,
		"options": map[string]any{"temperature": 0, "seed": prompt.Seed, "num_predict": prompt.MaxTokens},
	})
	if err != nil {
		return Answer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+a.address+"/api/generate", bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	start := time.Now()
	response, err := a.client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 512))
		return Answer{}, statusError{response.StatusCode, shorten(strings.TrimSpace(string(said)))}
	}
	return read(response.Body, start)
}

func read(body io.Reader, start time.Time) (Answer, error) {
	var answer Answer
	var text strings.Builder
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var piece struct {
			Response, Thinking, Error string
			Done                      bool
		}
		if err := json.Unmarshal(lines.Bytes(), &piece); err != nil {
			return answer, fmt.Errorf("no JSON in the answer: %w", err)
		}
		if piece.Error != "" {
			return answer, errors.New(shorten(piece.Error))
		}
		if answer.FirstToken == 0 && piece.Response+piece.Thinking != "" {
			answer.FirstToken = time.Since(start)
		}
		text.WriteString(piece.Response)
		if piece.Done {
			answer.Text = text.String()
			return answer, nil
		}
	}
	if err := lines.Err(); err != nil {
		return answer, err
	}
	return answer, errors.New("the answer was cut off")
}
