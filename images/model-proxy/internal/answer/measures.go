package answer

import "time"

// OutputTokens that the server counted; where it did not, pieces with content: Ollama sends one per token. Unknown when there is neither.
func (o *Observer) OutputTokens() int {
	if o.Output > 0 || o.Pieces == 0 {
		return o.Output
	}
	return o.Pieces
}

// FirstToken is the time from the arrival of the request to the first content. Of an answer in one piece it is reckoned from the time that Ollama says
// generating took; false where that is not said: then nobody can tell.
func (o *Observer) FirstToken(arrived, ended time.Time) (time.Duration, bool) {
	switch {
	case o.Pieces > 0:
		return o.FirstContent.Sub(arrived), true
	case !o.Streamed && o.Eval > 0:
		return max(ended.Sub(arrived)-o.Eval, 0), true
	}
	return 0, false
}

// PerToken is the time from one token to the next, on average; false with less than two tokens.
func (o *Observer) PerToken() (time.Duration, bool) {
	tokens := o.OutputTokens()
	switch {
	case tokens < 2:
		return 0, false
	case o.Pieces > 1:
		return o.LastContent.Sub(o.FirstContent) / time.Duration(tokens-1), true
	case !o.Streamed && o.Eval > 0:
		return o.Eval / time.Duration(tokens), true
	}
	return 0, false
}
