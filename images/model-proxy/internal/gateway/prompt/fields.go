package prompt

import (
	"encoding/json"
	"errors"
)

// field at the top of a JSON object: its key, and where it and its value stand.
type field struct {
	key             string
	from, value, to int
}

var errObject = errors.New("the body must be a JSON object")

// fields of an object. The text is not copied: it can be large.
func fields(text []byte) ([]field, error) {
	if !json.Valid(text) {
		return nil, errObject
	}
	at := space(text, 0)
	if text[at] != '{' {
		return nil, errObject
	}
	var found []field
	for at = space(text, at+1); text[at] != '}'; at = space(text, at) {
		if text[at] == ',' {
			at = space(text, at+1)
		}
		one := field{from: at}
		end := past(text, at)
		if err := json.Unmarshal(text[at:end], &one.key); err != nil {
			return nil, err
		}
		one.value = space(text, space(text, end)+1) // after the colon
		one.to = past(text, one.value)
		found = append(found, one)
		at = one.to
	}
	return found, nil
}

func space(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r') {
		at++
	}
	return at
}

// past a value that is valid.
func past(text []byte, at int) int {
	depth := 0
	for ; at < len(text); at++ {
		switch text[at] {
		case '"':
			for at++; text[at] != '"'; at++ {
				if text[at] == '\\' {
					at++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return at // of what is around a number
			}
			depth--
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return at
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return at + 1
		}
	}
	return at
}
