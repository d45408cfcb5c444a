package starlark

import (
	"fmt"

	"go.starlark.net/syntax"
)

// assign treats x = y and x += y. The right side of the latter is wrapped into a value
// that does the operation itself.
func (g *rewriter) assign(s *syntax.AssignStmt) {
	g.target(s.LHS)
	g.expr(&s.RHS)
	if s.Op == syntax.EQ {
		return
	}
	switch op := s.Op - syntax.PLUS_EQ + syntax.PLUS; {
	case harmless(op, s.LHS, s.RHS):
	case op == syntax.PERCENT, op == syntax.LTLT: // these never ask the right side
		left := again(s.LHS)
		if left == nil {
			g.fail(s.OpPos, fmt.Errorf("write x = x %s y: the left side of %s is a plain name here", op, s.Op))
			return
		}
		s.Op, s.RHS = syntax.EQ, guarded(guardOf(op), s.OpPos, left, s.RHS)
	default:
		s.RHS = guarded(guardOperand, s.OpPos, s.RHS)
	}
}

// again returns an expression that may be evaluated twice, nil when it may not.
func again(e syntax.Expr) syntax.Expr {
	switch x := e.(type) {
	case *syntax.Ident:
		return &syntax.Ident{NamePos: x.NamePos, Name: x.Name}
	case *syntax.Literal:
		return x
	case *syntax.DotExpr:
		if inner := again(x.X); inner != nil {
			return &syntax.DotExpr{X: inner, Dot: x.Dot, NamePos: x.NamePos, Name: x.Name}
		}
	case *syntax.IndexExpr:
		object, key := again(x.X), again(x.Y)
		if object != nil && key != nil {
			return &syntax.IndexExpr{X: object, Lbrack: x.Lbrack, Y: key, Rbrack: x.Rbrack}
		}
	}
	return nil
}

// target visits what is assigned to.
func (g *rewriter) target(e syntax.Expr) {
	switch x := e.(type) {
	case *syntax.ParenExpr:
		g.target(x.X)
	case *syntax.TupleExpr:
		for _, e := range x.List {
			g.target(e)
		}
	case *syntax.ListExpr:
		for _, e := range x.List {
			g.target(e)
		}
	case *syntax.IndexExpr:
		g.expr(&x.X)
		g.expr(&x.Y)
	case *syntax.DotExpr:
		g.expr(&x.X)
	}
}
