package record

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NameError says why a file cannot be recorded to, and what to do.
type NameError struct {
	Name    string // as it was asked for
	Problem string
	Do      string
}

// Error shows the name escaped and shortened.
func (e *NameError) Error() string {
	name := e.Name
	if len(name) > 100 {
		name = name[:100] + "..."
	}
	return fmt.Sprintf("record to %q: %s; %s", name, e.Problem, e.Do)
}

const (
	wavEnd    = ".wav"
	sealedEnd = ".wav.age"
	// maxPart leaves room in the 255 bytes that file systems allow for the endings that
	// sidecars and temporary files add.
	maxPart = 200
	maxName = 1000
	// maxFolders is less than what rms verify looks into.
	maxFolders = 32
)

// checkName refuses what is no plain name below the root.
func checkName(name string, sealed bool) error {
	bad := func(problem, do string) error { return &NameError{name, problem, do} }
	switch {
	case name == "":
		return bad("the name is empty", "name a file below the root")
	case len(name) > maxName:
		return bad(fmt.Sprintf("the name has %d bytes", len(name)), fmt.Sprintf("use at most %d", maxName))
	case !utf8.ValidString(name):
		return bad("the name is no UTF-8", "use letters, digits, dots and dashes")
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '\\' || r == utf8.RuneError }):
		return bad("the name has a control character or a backslash", "use letters, digits, dots and dashes")
	case strings.HasPrefix(name, "/"):
		return bad("the name is absolute", "name it relative to record.root")
	}
	if n := strings.Count(name, "/"); n > maxFolders {
		return bad(fmt.Sprintf("the name has %d folders", n), fmt.Sprintf("use at most %d", maxFolders))
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "":
			return bad("a part of the name is empty", "write one slash between parts, none at the end")
		case part[0] == '.':
			return bad(fmt.Sprintf("the part %.40q begins with a dot", part), "hidden names and .. are not for recordings")
		case len(part) > maxPart:
			return bad(fmt.Sprintf("a part of the name has %d bytes", len(part)), fmt.Sprintf("use at most %d", maxPart))
		}
	}
	return checkEnding(name, sealed)
}

func checkEnding(name string, sealed bool) error {
	end := wavEnd
	if sealed {
		end = sealedEnd
	}
	base := name[strings.LastIndexByte(name, '/')+1:]
	if stem, ok := strings.CutSuffix(base, end); !ok || stem == "" {
		return &NameError{name, "the name does not end in " + end, "add " + end}
	}
	return nil
}

// numbered returns the n-th name to try when others are taken: a.wav, a-2.wav, a-3.wav.
func numbered(name string, n int) string {
	if n < 2 {
		return name
	}
	end := wavEnd
	if strings.HasSuffix(name, sealedEnd) {
		end = sealedEnd
	}
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, end), n, end)
}
