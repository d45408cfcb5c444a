package call

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Word is one word of a command line. Quoted words are never taken for name=value.
type Word struct {
	Text   string
	Quoted bool
}

// SplitWords splits a command line at spaces. What stands between two ' or two " is
// one word and may be empty; \ takes the next quote or \ as it is.
func SplitWords(line string) ([]Word, error) {
	var out []Word
	var word strings.Builder
	var quote byte
	begun, quoted := false, false
	for i := 0; i < len(line); i++ {
		ch := line[i]
		switch {
		case ch == '\\' && i+1 < len(line) && strings.IndexByte(`'"\`, line[i+1]) >= 0:
			i++
			word.WriteByte(line[i])
			begun = true
		case quote != 0 && ch == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(ch)
		case (ch == '\'' || ch == '"') && !begun:
			quote, begun, quoted = ch, true, true
		case ch == ' ' || ch == '\t':
			if begun {
				out = append(out, Word{word.String(), quoted})
			}
			word.Reset()
			begun, quoted = false, false
		default:
			word.WriteByte(ch)
			begun = true
			if ch == '=' && !quoted && i+1 < len(line) && (line[i+1] == '\'' || line[i+1] == '"') {
				i++
				quote = line[i] // name="a value"
			}
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote %c is not closed", quote)
	}
	if begun {
		out = append(out, Word{word.String(), quoted})
	}
	return out, nil
}

// BindWords checks the words of a command line as Bind does: first values in the order
// of the parameters, or name=value anywhere. A number, true, false or a JSON list or
// object is taken as such where the parameter wants one.
func (v *Verb) BindWords(words []Word) (Args, error) {
	var positional []any
	named := map[string]any{}
	for _, w := range words {
		name, value, ok := strings.Cut(w.Text, "=")
		if w.Quoted || !ok || !isName(name) {
			if n := len(positional); n < len(v.Params) {
				positional = append(positional, v.Params[n].read(w.Text, w.Quoted))
			} else {
				positional = append(positional, w.Text)
			}
			continue
		}
		p := v.param(name)
		if p == nil {
			return Args{}, v.errorf("unknown parameter %q (has: %s)", name, v.names())
		}
		if _, twice := named[name]; twice {
			return Args{}, v.errorf("parameter %q given twice", name)
		}
		named[name] = p.read(value, false)
	}
	return v.Bind(positional, named)
}

// isName tells whether a text can be the name of a parameter.
func isName(s string) bool {
	for i := range len(s) {
		ch := s[i]
		if ch != '_' && (ch < 'a' || ch > 'z') && (ch < '0' || ch > '9' || i == 0) {
			return false
		}
	}
	return s != ""
}

// read makes a value of a text, as the parameter's kind has it; a text that is none
// stays a text, which Bind then refuses.
func (p *Param) read(s string, quoted bool) any {
	switch p.Kind {
	case Int, Float, Duration:
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return f
		}
	case Bool:
		switch s {
		case "true", "on", "yes", "1":
			return true
		case "false", "off", "no", "0":
			return false
		}
	case Value:
		if quoted {
			return s
		}
		var val any
		if json.Unmarshal([]byte(s), &val) == nil {
			return val
		}
	case String, Route:
	}
	return s
}
