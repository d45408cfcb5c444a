package siprec

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// Limits of the metadata.
const (
	maxDepth    = 24
	maxElements = 20000
	maxList     = 512  // parts of one kind
	maxText     = 4096 // bytes of the text of an element
	maxExtra    = 64   // vendors' elements of one part
)

// element is one XML element with what was in it. Names are local and in lower case:
// prefixes and namespaces differ between the drafts.
type element struct {
	name     string
	attrs    []xml.Attr
	text     strings.Builder
	children []*element
}

// attr returns the first attribute of one of these names.
func (e *element) attr(names ...string) string {
	for _, name := range names {
		for _, a := range e.attrs {
			if strings.EqualFold(a.Name.Local, name) {
				return clean(a.Value)
			}
		}
	}
	return ""
}

// child returns the text of the first child of one of these names.
func (e *element) child(names ...string) string {
	for _, name := range names {
		for _, c := range e.children {
			if c.name == name {
				return c.value()
			}
		}
	}
	return ""
}

func (e *element) value() string { return clean(e.text.String()) }

// clean trims a text and takes control characters out.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return strings.Clone(s)
}

// tree reads an XML text into elements.
func tree(text []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(bareAmpersands(bytes.ToValidUTF8(text, []byte("?")))))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var root *element
	var open []*element
	for count := 0; ; {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, broken("recording metadata: %v", err)
		}
		switch t := t.(type) {
		case xml.Directive:
			return nil, broken("recording metadata: a document type declaration is not allowed")
		case xml.StartElement:
			if count++; count > maxElements || len(open) == maxDepth {
				return nil, broken("recording metadata: more than %d elements, or nested more than %d deep", maxElements, maxDepth)
			}
			e := &element{name: strings.ToLower(t.Name.Local), attrs: t.Copy().Attr}
			if n := len(open); n > 0 {
				open[n-1].children = append(open[n-1].children, e)
			} else if root == nil {
				root = e
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if n := len(open); n > 0 && open[n-1].text.Len() < maxText {
				open[n-1].text.Write(t[:min(len(t), maxText)])
			}
		}
	}
	if root == nil {
		return nil, broken("recording metadata: no element")
	}
	return root, nil
}

// bareAmpersands writes & as &amp; where it begins no reference that XML has without a
// document type: addresses with & in them are often written as they are.
func bareAmpersands(text []byte) []byte {
	if bytes.IndexByte(text, '&') < 0 {
		return text
	}
	var b bytes.Buffer
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			b.Write(text)
			return b.Bytes()
		}
		b.Write(text[:i])
		text = text[i+1:]
		b.WriteByte('&')
		if !isReference(text) {
			b.WriteString("amp;")
		}
	}
}

func isReference(rest []byte) bool {
	name, _, ok := bytes.Cut(rest[:min(len(rest), 12)], []byte(";"))
	if !ok {
		return false
	}
	switch string(name) {
	case "amp", "lt", "gt", "quot", "apos":
		return true
	}
	return len(name) > 1 && name[0] == '#'
}
