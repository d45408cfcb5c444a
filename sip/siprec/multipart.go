package siprec

import (
	"bytes"
	"strings"
)

// partsOf takes a body apart, multipart bodies in it too. What is not multipart is one
// part. The parts before a fault are there beside the error.
func partsOf(contentType string, body []byte) ([]Part, error) {
	r := reader{left: maxParts}
	err := r.read(Part{Type: contentType, Body: body}, 0)
	return r.parts, err
}

type reader struct {
	parts []Part
	left  int
}

func (r *reader) read(p Part, depth int) error {
	boundary, multi := boundaryOf(p)
	if !multi {
		r.parts = append(r.parts, p)
		return nil
	}
	if depth == maxNested {
		return broken("multipart bodies nested more than %d deep", maxNested)
	}
	if boundary == "" {
		return broken("multipart body without a boundary")
	}
	sections, found := split(p.Body, boundary, r.left)
	if !found {
		return broken("the boundary of Content-Type is not in the body")
	}
	for _, s := range sections {
		if r.left--; r.left < 0 {
			return broken("more than %d parts in the body", maxParts)
		}
		if err := r.read(part(s), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// boundaryOf tells whether a part is multipart, by its type or, when the type is
// missing or says SDP, by how it begins.
func boundaryOf(p Part) (boundary string, multi bool) {
	if strings.HasPrefix(mediaType(p.Type), "multipart/") {
		if boundary = parameter(p.Type, "boundary"); boundary == "" {
			boundary = firstBoundary(p.Body)
		}
		return boundary, true
	}
	switch mediaType(p.Type) {
	case "", TypeSDP, TypeMetadata, "application/rs-metadata":
		boundary = firstBoundary(p.Body)
	}
	return boundary, boundary != ""
}

// firstBoundary is the boundary that a body begins with; it must be followed by a
// Content- header, so that nothing else is taken for one.
func firstBoundary(body []byte) string {
	line, rest, _ := bytes.Cut(trimmed(body), []byte("\n"))
	line = bytes.TrimRight(line, " \t\r")
	if len(line) < 3 || len(line) > 200 || !bytes.HasPrefix(line, []byte("--")) {
		return ""
	}
	if len(rest) < 8 || !strings.EqualFold(string(rest[:8]), "content-") {
		return ""
	}
	return string(line[2:])
}

// split cuts a body at its delimiter lines, into limit+1 sections at most. The closing
// delimiter may be missing; found is false without any delimiter.
func split(body []byte, boundary string, limit int) (sections [][]byte, found bool) {
	delimiter := []byte("--" + boundary)
	start, at := -1, 0 // of the section, of the line
	for at < len(body) && len(sections) <= limit {
		next := len(body)
		if i := bytes.IndexByte(body[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		is, last := delimits(body[at:next], delimiter)
		if is {
			found = true
			if start >= 0 {
				sections = append(sections, withoutEnd(body[start:at]))
			}
			if start = next; last {
				return sections, true
			}
		}
		at = next
	}
	if start >= 0 && start < len(body) {
		sections = append(sections, body[start:])
	}
	return sections, found
}

// delimits tells whether a line is a delimiter, and the closing one.
func delimits(line, delimiter []byte) (is, last bool) {
	rest, ok := bytes.CutPrefix(line, delimiter)
	if !ok {
		return false, false
	}
	rest = bytes.TrimRight(rest, " \t\r\n")
	return len(rest) == 0 || string(rest) == "--", string(rest) == "--"
}

// withoutEnd cuts the line end that belongs to the delimiter behind it.
func withoutEnd(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	return b
}

// part reads the header fields of a section. They end at an empty line or, when that
// is missing, where the lines no longer look like header fields.
func part(section []byte) Part {
	var p Part
	encoding, name := "", ""
	for len(section) > 0 {
		line, rest, _ := bytes.Cut(section, []byte("\n"))
		text := strings.TrimRight(string(line[:min(len(line), 4096)]), " \t\r")
		if text == "" {
			section = rest
			break
		}
		folded := text[0] == ' ' || text[0] == '\t'
		key, value, ok := strings.Cut(text, ":")
		if !folded && (!ok || key == "" || strings.ContainsAny(key, "=<> \"")) {
			break
		}
		if folded {
			value = text
		} else {
			name = strings.ToLower(strings.TrimSpace(key))
		}
		section, value = rest, strings.TrimSpace(value)
		switch name {
		case "content-type", "c":
			p.Type += value
		case "content-disposition":
			p.Disposition += value
		case "content-transfer-encoding":
			encoding += value
		}
	}
	p.Body = decode(encoding, section)
	return p
}
