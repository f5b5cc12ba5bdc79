// Package jsonscan reads JSON as it passes by, in pieces of any size, and tells the values that it sees. It keeps no text but the value at hand, cut to a bound:
// a line of a megabyte costs as much memory as one of ten bytes. It does not validate: who receives the text does.
package jsonscan

// Kind of a value.
type Kind byte

const (
	String Kind = iota
	// Literal is a number, true, false or null.
	Literal
)

const (
	mostText  = 256 // bytes of a value that are kept
	mostPath  = 96
	mostDepth = 64
)

// Scanner calls back for what it sees. Reset it to start anew.
type Scanner struct {
	// OnValue gets the path of keys ("message.content"; arrays add nothing), the beginning of the text, and its whole length in bytes. Neither slice may be kept.
	OnValue func(path []byte, kind Kind, text []byte, size int)
	// OnEnd is called after each value at the top.
	OnEnd func()

	state  state
	frames []frame
	path   []byte
	text   []byte
	size   int
	key    bool // the string at hand is a key, or the next one will be
	escape bool
}

type state byte

const (
	between state = iota
	inString
	inLiteral
	broken // until Reset
)

type frame struct {
	object bool
	path   int // length of the path outside
}

// Reset forgets a text that was cut off or is no JSON.
func (s *Scanner) Reset() {
	s.state, s.frames, s.path, s.text, s.size, s.key, s.escape = between, s.frames[:0], s.path[:0], s.text[:0], 0, false, false
}

// Broken tells that it met something that is no JSON.
func (s *Scanner) Broken() bool { return s.state == broken }

// Idle tells that no value is half read.
func (s *Scanner) Idle() bool { return s.state == between && len(s.frames) == 0 }

// Feed reads the next piece.
func (s *Scanner) Feed(piece []byte) {
	for i := 0; i < len(piece); i++ {
		c := piece[i]
		switch s.state {
		case broken:
			return
		case inString:
			s.inString(c)
		case inLiteral:
			if isLiteral(c) {
				s.keep(c)
				continue
			}
			s.value(Literal)
			s.between(c)
		case between:
			s.between(c)
		}
	}
}

// Close ends a literal at the top, after which no byte comes.
func (s *Scanner) Close() {
	if s.state == inLiteral {
		s.value(Literal)
	}
}

func (s *Scanner) inString(c byte) {
	switch {
	case s.escape:
		s.escape = false
		if c != '"' && c != '\\' && c != '/' {
			s.keep('\\')
			s.size--
		}
		s.keep(c)
	case c == '\\':
		s.escape = true
	case c == '"':
		if s.key {
			s.endKey()
		} else {
			s.value(String)
		}
	default:
		s.keep(c)
	}
}

func (s *Scanner) between(c byte) {
	switch c {
	case ' ', '\t', '\r', '\n', ':':
	case '{', '[':
		if len(s.frames) == mostDepth {
			s.state = broken
			return
		}
		s.frames = append(s.frames, frame{object: c == '{', path: len(s.path)})
		s.key = c == '{'
	case '}', ']':
		s.pop()
	case ',':
		if top := len(s.frames) - 1; top >= 0 && s.frames[top].object {
			s.path, s.key = s.path[:s.frames[top].path], true
		}
	case '"':
		s.state, s.text, s.size = inString, s.text[:0], 0
	default:
		if !isLiteral(c) {
			s.state = broken
			return
		}
		s.state, s.text, s.size = inLiteral, s.text[:0], 0
		s.keep(c)
	}
}

func (s *Scanner) keep(c byte) {
	s.size++
	if len(s.text) < mostText {
		s.text = append(s.text, c)
	}
}

func (s *Scanner) endKey() {
	s.state, s.key = between, false
	if len(s.frames) == 0 {
		s.state = broken
		return
	}
	s.path = s.path[:s.frames[len(s.frames)-1].path]
	if len(s.path) > 0 {
		s.path = append(s.path, '.')
	}
	// A key that does not fit is none that anyone asks for.
	s.path = append(s.path, s.text[:min(len(s.text), max(mostPath-len(s.path), 0))]...)
}

func (s *Scanner) value(kind Kind) {
	s.state = between
	if s.OnValue != nil {
		s.OnValue(s.path, kind, s.text, s.size)
	}
	s.ended()
}

func (s *Scanner) pop() {
	top := len(s.frames) - 1
	if top < 0 {
		s.state = broken
		return
	}
	s.path, s.frames, s.key = s.path[:s.frames[top].path], s.frames[:top], false
	s.ended()
}

func (s *Scanner) ended() {
	if len(s.frames) == 0 && s.OnEnd != nil {
		s.OnEnd()
	}
}

func isLiteral(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E'
}
