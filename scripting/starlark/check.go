package starlark

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.starlark.net/syntax"

	"rms/call"
)

// Check finds mistakes in a script without a call: it compiles it, runs its top level,
// and looks at each use of a verb whose arguments are written in the script.
func Check(name string, source []byte, o Options) []error {
	p, err := Compile(name, source, o)
	if err != nil {
		return apart(err)
	}
	f, err := parse(name, source)
	if err != nil {
		return []error{err}
	}
	s := newState(p)
	defer s.Close()
	c := checker{own: map[string]bool{}}
	var errs []error
	if err := s.load(time.Second); err != nil {
		errs = append(errs, err)
	}
	c.routes = s.names
	c.definitions(f)
	syntax.Walk(f, c.node)
	slices.SortStableFunc(c.uses, func(a, b use) int {
		if a.pos.Line != b.pos.Line {
			return int(a.pos.Line - b.pos.Line)
		}
		return int(a.pos.Col - b.pos.Col)
	})
	for _, u := range c.uses {
		errs = append(errs, fmt.Errorf("%s: %w", u.pos, u.err))
	}
	return errs
}

// apart takes joined errors apart.
func apart(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the outermost one
		return joined.Unwrap()
	}
	return []error{err}
}

type checker struct {
	routes []string
	own    map[string]bool // names that the script defines itself
	uses   []use
}

type use struct {
	pos syntax.Position
	err error
}

// definitions collects the names that the script defines, which are not verbs then.
func (c *checker) definitions(f *syntax.File) {
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.AssignStmt:
			c.names(n.LHS)
		case *syntax.DefStmt:
			c.own[n.Name.Name] = true
			for _, p := range n.Params {
				c.names(p)
			}
		case *syntax.LambdaExpr:
			for _, p := range n.Params {
				c.names(p)
			}
		case *syntax.ForStmt:
			c.names(n.Vars)
		case *syntax.ForClause:
			c.names(n.Vars)
		case *syntax.LoadStmt:
			for _, id := range n.To {
				c.own[id.Name] = true
			}
			for _, id := range n.From {
				c.own[id.Name] = true
			}
		}
		return true
	})
}

// names collects the names that an assignment or a parameter defines.
func (c *checker) names(e syntax.Expr) {
	switch e := e.(type) {
	case *syntax.Ident:
		c.own[e.Name] = true
	case *syntax.BinaryExpr:
		c.names(e.X)
	case *syntax.UnaryExpr:
		if e.X != nil {
			c.names(e.X)
		}
	case *syntax.ParenExpr:
		c.names(e.X)
	case *syntax.TupleExpr:
		for _, e := range e.List {
			c.names(e)
		}
	case *syntax.ListExpr:
		for _, e := range e.List {
			c.names(e)
		}
	}
}

// node looks at one part of the script.
func (c *checker) node(n syntax.Node) bool {
	switch n := n.(type) {
	case *syntax.DotExpr:
		c.member(n)
	case *syntax.CallExpr:
		if v := c.verb(n.Fn); v != nil {
			c.use(n, v)
		}
	}
	return true
}

// member looks at rms.x.
func (c *checker) member(e *syntax.DotExpr) {
	object, ok := e.X.(*syntax.Ident)
	if !ok {
		return
	}
	name := e.Name.Name
	if object.Name == "rms" && !c.own["rms"] && find(name) == nil && name != "error" {
		c.uses = append(c.uses, use{e.Name.NamePos, call.Unknown(name)})
	}
}

// verb returns the verb that an expression names: rms_x or rms.x.
func (c *checker) verb(e syntax.Expr) *call.Verb {
	switch e := e.(type) {
	case *syntax.Ident:
		if name, ok := strings.CutPrefix(e.Name, "rms_"); ok && !c.own[e.Name] {
			return find(name)
		}
	case *syntax.DotExpr:
		if id, ok := e.X.(*syntax.Ident); ok && id.Name == "rms" && !c.own["rms"] {
			return find(e.Name.Name)
		}
	}
	return nil
}

// find returns the verb as a script calls it, or its form that waits.
func find(name string) *call.Verb {
	if strings.HasPrefix(name, "rms_") {
		return nil
	}
	if v, ok := call.Lookup(name); ok {
		return v
	}
	if v, ok := call.LookupWait(name); ok {
		return v.WaitForm()
	}
	return nil
}

// use looks at the arguments of a verb.
func (c *checker) use(e *syntax.CallExpr, v *call.Verb) {
	positional, named, all := written(e.Args)
	if _, err := v.Bind(positional, named); err != nil && (all || !missing(err)) {
		c.uses = append(c.uses, use{e.Lparen, err})
		return
	}
	for i := range v.Params {
		p := &v.Params[i]
		value := named[p.Name]
		if i < len(positional) {
			value = positional[i]
		}
		name, ok := value.(string)
		if p.Kind != call.Route || !ok || name == "" || name == p.Default || slices.Contains(c.routes, name) {
			continue
		}
		c.uses = append(c.uses, use{e.Lparen, fmt.Errorf("rms_%s: no event_route[%q] in this script (has: %s)",
			v.Name, name, strings.Join(c.routes, ", "))})
	}
}

// missing reports whether an error may come from what is not visible.
func missing(err error) bool {
	var a *call.ArgError
	return errors.As(err, &a) && strings.HasPrefix(a.Text, "missing argument")
}
