package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// yamlReader walks one file; every mistake becomes a Problem and the walk goes on.
type yamlReader struct {
	c    *Config
	file string
	bad  []error
}

// readYAML takes the values of a file. Only what the table knows is allowed:
// sections, keys, scalars and lists of scalars.
func (c *Config) readYAML(file string, text []byte) []error {
	r := &yamlReader{c: c, file: file}
	f, err := parser.ParseBytes(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), 0)
	if err != nil {
		return []error{syntaxProblem(file, err)}
	}
	for i, doc := range f.Docs {
		switch {
		case doc.Body == nil:
		case i > 0:
			r.problem(doc.Body, "", "a second document begins here; allowed: one")
		default:
			r.root(doc.Body)
		}
	}
	return r.bad
}

// syntaxProblem keeps the place and the message of the parser.
func syntaxProblem(file string, err error) error {
	p := &Problem{Where: file, What: err.Error()}
	var located yaml.Error
	if !errors.As(err, &located) {
		return p
	}
	p.What = located.GetMessage()
	if t := located.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	return p
}

func (r *yamlReader) problem(at ast.Node, key, what string) {
	p := &Problem{Where: r.file, Key: key, What: what}
	if t := at.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	r.bad = append(r.bad, p)
}

func (r *yamlReader) root(body ast.Node) {
	m, ok := body.(*ast.MappingNode)
	if !ok {
		if _, comments := body.(*ast.CommentGroupNode); !comments {
			r.problem(body, "", "the file must hold sections, such as \"sip:\" with its keys indented below")
		}
		return
	}
	for _, v := range m.Values {
		name := v.Key.GetToken().Value
		s := findSection(name)
		if s == nil {
			r.problem(v.Key, "", unknown("section", name, sectionNames()))
			continue
		}
		r.section(s, v)
	}
}

func (r *yamlReader) section(s *section, v *ast.MappingValueNode) {
	if _, empty := v.Value.(*ast.NullNode); empty {
		return
	}
	m, ok := v.Value.(*ast.MappingNode)
	if !ok {
		r.problem(v.Value, s.name, "the section must hold keys, indented, each as \"key: value\"")
		return
	}
	seen := map[string]int{}
	for _, kv := range m.Values {
		name := kv.Key.GetToken().Value
		k, part := s.lookup(name)
		if k == nil {
			r.problem(kv.Key, "", unknown("key", name, s.keyNames())+" in "+s.name)
			continue
		}
		if line := before(seen, k, part); line > 0 {
			r.problem(kv.Key, k.Path, fmt.Sprintf("line %d sets this already; %q is another name for it", line, name))
			continue
		}
		seen[k.Path+":"+part] = kv.Key.GetToken().Position.Line
		if part != "" {
			r.part(k, part, kv)
			continue
		}
		r.key(k, kv)
	}
}

// before is the line that sets the same part of k, or all of it, 0 for none.
func before(seen map[string]int, k *Key, part string) int {
	if line := seen[k.Path+":"]; line > 0 || part != "" {
		return max(line, seen[k.Path+":"+part])
	}
	for _, p := range k.parts {
		if line := seen[k.Path+":"+p]; line > 0 {
			return line
		}
	}
	return 0
}

// part reads the value of an alias that sets a part of k; the rest of k stays.
func (r *yamlReader) part(k *Key, part string, kv *ast.MappingValueNode) {
	text, ok := r.scalar(k, kv.Value)
	if !ok {
		return
	}
	v := r.c.field(k).Addr().Interface().(interface{ setPart(part, text string) error })
	if err := v.setPart(part, text); err != nil {
		r.problem(kv.Value, k.Path, err.Error()+"; allowed: the "+part+" of "+k.Allowed)
		return
	}
	r.c.origins[k.Path] = fmt.Sprintf("%s:%d", r.file, kv.Key.GetToken().Position.Line)
}

// key reads one value: a scalar, or for a list a sequence or comma-separated text.
func (r *yamlReader) key(k *Key, kv *ast.MappingValueNode) {
	var texts []string
	var ok bool
	if seq, list := kv.Value.(*ast.SequenceNode); list {
		texts, ok = r.items(k, seq)
	} else {
		var text string
		text, ok = r.scalar(k, kv.Value)
		texts = split(k, text)
	}
	if !ok {
		return
	}
	origin := fmt.Sprintf("%s:%d", r.file, kv.Key.GetToken().Position.Line)
	if err := r.c.put(k, origin, texts); err != nil {
		r.problem(kv.Value, k.Path, err.Error())
	}
}

// items reads a sequence; a bad item is reported at its own place.
func (r *yamlReader) items(k *Key, seq *ast.SequenceNode) ([]string, bool) {
	if !k.List {
		r.problem(seq, k.Path, "a list stands where one value belongs; allowed: "+k.Allowed)
		return nil, false
	}
	var texts []string
	for _, item := range seq.Values {
		text, ok := r.scalar(k, item)
		if !ok {
			return nil, false
		}
		scratch := reflect.New(r.c.field(k).Type().Elem()).Elem()
		if err := k.setOne(scratch, text); err != nil {
			r.problem(item, k.Path, err.Error()+"; allowed: "+k.Allowed)
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}

// scalar returns the text of a plain or quoted value as it was written, so that
// "off" or "0x10" are judged by the key and not by YAML.
func (r *yamlReader) scalar(k *Key, n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.NullNode:
		r.problem(n, k.Path, "no value; remove the line to get the default; allowed: "+k.Allowed)
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.problem(n, k.Path, "anchors, aliases and tags of YAML are not used here; write the value; allowed: "+k.Allowed)
	default:
		r.problem(n, k.Path, "not a plain value; allowed: "+k.Allowed)
	}
	return "", false
}

func findSection(name string) *section {
	for i := range table() {
		if s := &table()[i]; s.name == name {
			return s
		}
	}
	return nil
}
