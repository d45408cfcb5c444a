package config

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in the configuration. Load joins all that it finds with
// errors.Join; errors.As reaches the first.
type Problem struct {
	Where        string // the file, the environment variable or the flag
	Line, Column int    // from 1; 0 when Where is not a file
	Key          string // the key, or "" when the text is no key
	What         string // what is wrong and what is allowed
}

// Error is "rms.yaml:3:11: sip.max_calls: ...".
func (p *Problem) Error() string {
	s := p.Where
	if p.Line > 0 {
		s = fmt.Sprintf("%s:%d:%d", s, p.Line, p.Column)
	}
	if p.Key != "" {
		s += ": " + p.Key
	}
	return s + ": " + p.What
}

// unknown says that name is not among the names allowed, and which is the nearest.
func unknown(what, name string, allowed []string) string {
	s := fmt.Sprintf("there is no %s %q", what, name)
	if near := nearest(name, allowed); near != "" {
		s += fmt.Sprintf("; did you mean %q", near)
	}
	return s + "; allowed: " + strings.Join(allowed, ", ")
}

// nearest is the allowed name with the fewest edits, at most a third of its length.
func nearest(name string, allowed []string) string {
	best, least := "", 1<<30
	for _, a := range allowed {
		if d := distance(name, a); d < least && d <= (len(a)+2)/3 {
			best, least = a, d
		}
	}
	return best
}

// distance counts insertions, deletions and replacements of bytes between a and b;
// the same letters in another order count as one.
func distance(a, b string) int {
	if len(a) > 64 {
		return 1 << 30
	}
	if a != b && sorted(a) == sorted(b) {
		return 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func sorted(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

// sectionNames are the top-level names allowed in the file.
func sectionNames() []string {
	var out []string
	for _, s := range table() {
		out = append(out, s.name)
	}
	return out
}

// keyNames are the names allowed in a section.
func (s *section) keyNames() []string {
	var out []string
	for _, k := range s.keys {
		out = append(out, k.Path[len(s.name)+1:])
	}
	slices.Sort(out)
	return out
}
