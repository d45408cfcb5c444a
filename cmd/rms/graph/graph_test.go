package graph_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"rms/cmd/rms/graph"
	"rms/media"
	"rms/media/filter"
)

// named is a filter with a name of its own.
type named string

func (n named) Name() string              { return string(n) }
func (named) Process(_, _ []*media.Frame) {}
func (named) In() media.Format            { return media.Format{} }
func (named) Out() media.Format           { return media.Format{Rate: 8000, Channels: 1} }

func TestParseReadsWhatDotWrites(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{Convert: filter.Convert})
	odd := "a \"b\" [c] -> d; \\ {e}\nf\t\x01 \xff 話"
	first, err := g.Add(named("first"), 1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := g.Add(named(odd), 1, first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Chain(second, filter.NewSides(filter.Mono, 16000)); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := g.Dot(&b); err != nil {
		t.Fatal(err)
	}
	got, err := graph.Parse(b.String())
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	if len(got.Nodes) != 3 || strings.Join(got.Nodes[1].Label, "\n") != odd || got.Nodes[2].Label[0] != "sides mono" {
		t.Errorf("%q", got.Nodes)
	}
	want := []graph.Edge{
		{From: 0, To: 1, Label: "8000 Hz x1"},
		{From: 1, To: 2, Label: "8000 Hz x1 -> 16000 Hz x1 (resampler 8000>16000)"},
	}
	if fmt.Sprint(got.Edges) != fmt.Sprint(want) {
		t.Errorf("%v", got.Edges)
	}
}

func TestParseRefusesOtherTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                       "line 0: the graph is not closed",
		"graph {\n}\n":                           "line 1: want digraph NAME {",
		"digraph rms {\n":                        "line 1: the graph is not closed",
		"digraph rms {\n}\nx;":                   "line 3: something stands after the end",
		"digraph rms {\n\tn0 [label=\"a\"]\n}\n": "line 2: want a semicolon at the end",
		"digraph rms {\n\tn0 [label=a];\n}\n":    "line 2: the label a is not in quotes",
		"digraph rms {\n\tn0 [label=`a`];\n}\n":  "line 2: the label `a` is not in quotes",
		"digraph rms {\n\tn0 [label=\"a\";\n}\n": "line 2: want ] after the label",
		"digraph rms {\n\tn0 [label=\"a\"];\n\tn0 [label=\"b\"];\n}\n":                                      `line 3: there are two of "n0"`,
		"digraph rms {\n\tn0 [label=\"a\"];\n\tn0 -> n1 [label=\"b\"];\n}\n":                                `line 3: the link "n0 -> n1" has an end that was not named`,
		"digraph rms {\n\tn0 [label=\"a\"];\n\tn0 -> n0 [label=\"b\"];\n}\n":                                "the links run in a circle",
		"digraph rms {\nn0 [label=\"a\"];\nn1 [label=\"a\"];\nn0 -> n1;\nn1 -> n0;\n}\n":                    "the links run in a circle",
		"digraph rms {\n" + strings.Repeat("\tnode [shape=box];\n\tn0 -> n0;\n", 1) + "}\n":                 `line 3: the link "n0 -> n0" has an end that was not named`,
		"digraph rms {\nn0 [label=\"a\"];\nn1 [label=\"b\"];\n" + strings.Repeat("n0 -> n1;\n", 3000) + "}": "the graph is too large",
	} {
		if g, err := graph.Parse(text); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%.60q: %v, %v; want %s", text, g, err, want)
		}
	}
}

func TestRolesFollowFromNamesAndLinks(t *testing.T) {
	t.Parallel()
	dot, err := os.ReadFile("testdata/bot.dot")
	if err != nil {
		t.Fatal(err)
	}
	g, err := graph.Parse(string(dot))
	if err != nil {
		t.Fatal(err)
	}
	g.JoinSockets()
	if last := g.Edges[len(g.Edges)-1]; !last.Packets || last.From != 0 || last.To != 1 {
		t.Errorf("no packets from the socket to the decoder: %v", last)
	}
	want := []graph.Role{
		graph.Socket, graph.Filter, graph.Filter, graph.Filter, graph.Socket, graph.Filter, graph.Target, graph.Filter,
		graph.Target, graph.Source, graph.Source, graph.Filter,
	}
	for i, role := range want {
		if g.Role(i) != role {
			t.Errorf("%s: role %d, want %d", g.Nodes[i].Label[0], g.Role(i), role)
		}
	}
}

// texts returns all character data of an SVG, and fails when it is not well-formed.
func texts(svg []byte) (all []string, err error) {
	d := xml.NewDecoder(bytes.NewReader(svg))
	for inText := false; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		switch x := token.(type) {
		case xml.StartElement:
			if inText = x.Name.Local == "text"; x.Name.Local == "script" {
				return nil, errors.New("a script came in")
			}
		case xml.EndElement:
			inText = false
		case xml.CharData:
			if inText {
				all = append(all, string(x))
			}
		}
	}
}

func TestLabelsCannotLeaveThePicture(t *testing.T) {
	t.Parallel()
	hostile := []string{
		`</text><script>alert(1)</script>`, `" onload="x`, "&lt;", "]]>", "<!-- ", "\x1b[2J", "a\x00b", "\u202eabc", "\ufffe", "\xff\xfe", "\u0085", strings.Repeat("w", 5000), strings.Repeat("話", 500), "e\u0301",
	}
	g := &graph.Graph{}
	for i, h := range hostile {
		g.Nodes = append(g.Nodes, graph.Node{Label: []string{h, h}})
		if i > 0 {
			g.Edges = append(g.Edges, graph.Edge{From: i - 1, To: i, Label: h})
		}
	}
	var svg, text bytes.Buffer
	if err := g.SVG(&svg, hostile[0]); err != nil {
		t.Fatal(err)
	}
	shown, err := texts(svg.Bytes())
	if err != nil || shown[0] != hostile[0] {
		t.Errorf("%v %q", err, shown)
	}
	if err := g.Text(&text, false); err != nil {
		t.Fatal(err)
	}
	for _, picture := range []string{svg.String(), text.String()} {
		if i := strings.IndexFunc(picture, func(r rune) bool {
			return r < ' ' && r != '\n' || r == 0x202e || r == 0x7f || r == 0x85 || r == utf8.RuneError
		}); i >= 0 {
			t.Errorf("%q came through", picture[i:i+4])
		}
	}
	for _, text := range []bool{false, true} {
		if what := g.Overlaps(text); what != "" {
			t.Errorf("overlap: %s", what)
		}
	}
}

func TestTextInASCIIHasNothingElse(t *testing.T) {
	t.Parallel()
	dot, err := os.ReadFile("testdata/streams.dot")
	if err != nil {
		t.Fatal(err)
	}
	g, err := graph.Parse(string(dot))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := g.Text(&b, true); err != nil || strings.ContainsFunc(b.String(), func(r rune) bool { return r > '~' }) || !strings.Contains(b.String(), "+---") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// made turns bytes into a graph: two for each link, always from an earlier node to a
// later one.
func made(raw []byte) *graph.Graph {
	g := &graph.Graph{}
	nodes := 2
	if len(raw) > 0 {
		nodes += int(raw[0] % 24)
		raw = raw[1:]
	}
	for i := range nodes {
		g.Nodes = append(g.Nodes, graph.Node{Label: []string{strings.Repeat("n", 1+i%9), "more"}[:1+i%2]})
	}
	for ; len(raw) > 1 && len(g.Edges) < 60; raw = raw[2:] {
		from := int(raw[0]) % (nodes - 1)
		to := from + 1 + int(raw[1])%(nodes-1-from)
		g.Edges = append(g.Edges, graph.Edge{From: from, To: to, Label: []string{"", "8000 Hz x1", "8000 Hz x1 -> 16000 Hz x1 (resampler)"}[raw[1]%3]})
	}
	return g
}

func FuzzPicture(f *testing.F) {
	f.Add([]byte{5, 0, 1, 0, 2, 1, 3, 2, 4})
	f.Add([]byte{20, 0, 9, 7, 3, 7, 200, 13, 31, 1, 1, 1, 2, 1, 3, 90, 80})
	f.Fuzz(func(t *testing.T, raw []byte) {
		g := made(raw)
		for _, text := range []bool{false, true} {
			if what := g.Overlaps(text); what != "" {
				t.Fatalf("overlap: %s", what)
			}
		}
		var svg, text bytes.Buffer
		if err := errors.Join(g.SVG(&svg, "x"), g.Text(&text, false)); err != nil {
			t.Fatal(err)
		}
		shown, err := texts(svg.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		boxes := 0
		for _, s := range shown {
			if strings.Trim(s, "n") == "" && s != "" {
				boxes++
			}
		}
		if boxes != len(g.Nodes) {
			t.Fatalf("%d of %d nodes are drawn", boxes, len(g.Nodes))
		}
		if n := strings.Count(text.String(), "┌") + strings.Count(text.String(), "╭"); n < len(g.Nodes) {
			t.Fatalf("%d of %d nodes are drawn:\n%s", n, len(g.Nodes), text.String())
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"bot", "streams", "empty"} {
		dot, err := os.ReadFile("testdata/" + name + ".dot")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(dot))
	}
	f.Fuzz(func(t *testing.T, text string) {
		g, err := graph.Parse(text)
		if err != nil || len(g.Nodes)+len(g.Edges) > 60 {
			return
		}
		g.JoinSockets()
		var svg bytes.Buffer
		if err := g.SVG(&svg, text); err != nil {
			t.Fatal(err)
		}
		if _, err := texts(svg.Bytes()); err != nil {
			t.Fatalf("%v in %q", err, svg.String())
		}
	})
}
