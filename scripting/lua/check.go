package lua

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yuin/gopher-lua/ast"

	"rms/call"
)

// Check finds mistakes in a script without a call: it compiles it, runs its top
// level, and looks at each use of a verb whose arguments are written in the
// script.
func Check(name string, source []byte, o Options) []error {
	units, err := gather(name, source, o.Dir)
	if err != nil {
		return []error{err}
	}
	p, err := compile(units, o)
	if err != nil {
		return []error{err}
	}
	s := newState(p)
	defer s.Close()
	c := checker{own: map[string]bool{}}
	if err := s.load(time.Second); err != nil {
		c.errs = append(c.errs, err)
	}
	c.routes = s.names
	chunks := make([][]ast.Stmt, len(units))
	for i, u := range units {
		chunks[i], _ = parseSource(u.name, u.text) // it was parsed before
		c.definitions(chunks[i])
	}
	for i, u := range units {
		c.uses = nil
		c.conditions(chunks[i])
		rewrite(c.expr).stmts(chunks[i])
		slices.SortStableFunc(c.uses, func(a, b use) int { return a.line - b.line })
		for _, use := range c.uses {
			c.errs = append(c.errs, fmt.Errorf("%s:%d: %w", u.name, use.line, use.err))
		}
	}
	return c.errs
}

type checker struct {
	routes []string
	own    map[string]bool // globals and locals that the script defines itself
	uses   []use           // of one file
	errs   []error
}

type use struct {
	line int
	err  error
}

func (c *checker) fault(e ast.Expr, err error) {
	c.uses = append(c.uses, use{e.Line(), err})
}

// definitions collects the names that the script defines, which are not verbs
// then.
func (c *checker) definitions(chunk []ast.Stmt) {
	names := func(list []ast.Expr) {
		for _, e := range list {
			if id, ok := e.(*ast.IdentExpr); ok {
				c.own[id.Value] = true
			}
		}
	}
	visit(chunk, func(s ast.Stmt) {
		switch s := s.(type) {
		case *ast.AssignStmt:
			names(s.Lhs)
		case *ast.LocalAssignStmt:
			for _, n := range s.Names {
				c.own[n] = true
			}
		case *ast.FuncDefStmt:
			names([]ast.Expr{s.Name.Func})
		}
	})
}

// expr looks at one expression; it replaces nothing.
func (c *checker) expr(e ast.Expr) ast.Expr {
	x, ok := e.(*ast.FuncCallExpr)
	if !ok || x.Func == nil {
		return e
	}
	name, ok := c.verbName(x.Func)
	if !ok {
		return e
	}
	v, ok := call.Lookup(name)
	if !ok {
		if v, ok = call.LookupWait(name); ok {
			v = v.WaitForm()
		}
	}
	if !ok {
		c.fault(e, call.Unknown(name))
		return e
	}
	positional, named, all := literals(v, x.Args)
	if _, err := v.Bind(positional, named); err != nil && (all || !missing(err)) {
		c.fault(e, err)
		return e
	}
	c.checkRoutes(x, v, positional, named)
	return e
}

// missing reports whether an error may come from what is not visible.
func missing(err error) bool {
	var a *call.ArgError
	return errors.As(err, &a) && strings.HasPrefix(a.Text, "missing argument")
}

// verbName returns the verb that an expression names: rms_x, rms.x or
// KSR.rtp_media_server.rms_x.
func (c *checker) verbName(e ast.Expr) (string, bool) {
	path := dotted(e)
	if len(path) == 0 || c.own[path[0]] {
		return "", false
	}
	switch {
	case len(path) == 1 && strings.HasPrefix(path[0], "rms_"):
		return path[0], true
	case len(path) == 2 && path[0] == "rms":
		return path[1], true
	case len(path) == 3 && path[0] == "KSR" && path[1] == "rtp_media_server":
		return path[2], true
	}
	return "", false
}

// dotted returns the parts of a.b.c, nil for anything else.
func dotted(e ast.Expr) []string {
	switch x := e.(type) {
	case *ast.IdentExpr:
		return []string{x.Value}
	case *ast.AttrGetExpr:
		key, ok := x.Key.(*ast.StringExpr)
		if head := dotted(x.Object); ok && head != nil {
			return append(head, key.Value)
		}
	}
	return nil
}

// checkRoutes looks for the routes that the arguments name.
func (c *checker) checkRoutes(e ast.Expr, v *call.Verb, positional []any, named map[string]any) {
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
		c.fault(e, fmt.Errorf("rms_%s: no event_route[%q] in this script (has: %s)",
			v.Name, name, strings.Join(c.routes, ", ")))
	}
}
