package starlark

import (
	"errors"
	"fmt"
	"math/big"

	"go.starlark.net/syntax"
)

// maxDepth is how deep expressions may be in one another. Chains such as a.b.c and
// a + b + c count, too.
const maxDepth = 1000

var errBytes = errors.New("bytes are not available: use strings")

// guard puts calls of guarding functions in the place of operators and methods whose
// work depends on their operands. No script can write the names of these functions.
func guard(f *syntax.File) error {
	g := &rewriter{}
	g.stmts(f.Stmts)
	return g.err
}

// rewriter visits every expression of a file.
type rewriter struct {
	depth int
	err   error
}

func (g *rewriter) fail(at syntax.Position, err error) {
	if g.err == nil {
		g.err = fmt.Errorf("%s: %w", at, err)
	}
}

// guarded calls the guarding function of a name.
func guarded(name string, at syntax.Position, args ...syntax.Expr) syntax.Expr {
	return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: at, Name: name}, Lparen: at, Args: args, Rparen: at}
}

func text(at syntax.Position, s string) *syntax.Literal {
	return &syntax.Literal{Token: syntax.STRING, TokenPos: at, Raw: "''", Value: s}
}

func (g *rewriter) stmts(list []syntax.Stmt) {
	for _, s := range list {
		g.stmt(s)
	}
}

func (g *rewriter) stmt(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.AssignStmt:
		g.assign(s)
	case *syntax.DefStmt:
		g.params(s.Params)
		g.stmts(s.Body)
		if name := rest(s.Params); name != nil {
			check := &syntax.ExprStmt{X: guarded(guardTuple, name.NamePos, name)}
			s.Body = append([]syntax.Stmt{check}, s.Body...)
		}
	case *syntax.ExprStmt:
		g.expr(&s.X)
	case *syntax.ForStmt:
		g.target(s.Vars)
		g.loop(&s.X)
		g.stmts(s.Body)
	case *syntax.IfStmt:
		g.expr(&s.Cond)
		g.stmts(s.True)
		g.stmts(s.False)
	case *syntax.ReturnStmt:
		g.expr(&s.Result)
	}
}

// params visits the defaults of parameters.
func (g *rewriter) params(list []syntax.Expr) {
	for _, p := range list {
		if b, ok := p.(*syntax.BinaryExpr); ok {
			g.expr(&b.Y)
		}
	}
}

// rest returns the parameter *name, nil when there is none.
func rest(params []syntax.Expr) *syntax.Ident {
	for _, p := range params {
		if u, ok := p.(*syntax.UnaryExpr); ok && u.Op == syntax.STAR && u.X != nil {
			name, _ := u.X.(*syntax.Ident)
			return &syntax.Ident{NamePos: name.NamePos, Name: name.Name}
		}
	}
	return nil
}

func (g *rewriter) list(list []syntax.Expr) {
	for i := range list {
		g.expr(&list[i])
	}
}

// expr visits an expression, inner ones first.
func (g *rewriter) expr(e *syntax.Expr) {
	if *e == nil || g.err != nil {
		return
	}
	if g.depth++; g.depth > maxDepth {
		g.fail(syntax.Start(*e), errors.New("expression is too long or nested too deeply"))
		return
	}
	defer func() { g.depth-- }()
	switch x := (*e).(type) {
	case *syntax.Literal:
		g.literal(x)
	case *syntax.ParenExpr:
		g.expr(&x.X)
	case *syntax.ListExpr:
		g.list(x.List)
	case *syntax.TupleExpr:
		g.list(x.List)
		if len(x.List) > 0 && !literals(x.List) {
			*e = guarded(guardTuple, syntax.Start(x), x)
		}
	case *syntax.DictExpr:
		g.list(x.List)
		*e = guarded(guardDict, x.Lbrace, x)
	case *syntax.DictEntry:
		g.expr(&x.Key)
		g.expr(&x.Value)
	case *syntax.CondExpr:
		g.expr(&x.Cond)
		g.expr(&x.True)
		g.expr(&x.False)
	case *syntax.IndexExpr:
		g.expr(&x.X)
		g.expr(&x.Y)
	case *syntax.LambdaExpr:
		g.lambda(x)
	case *syntax.Comprehension:
		g.comprehension(x)
	default:
		g.operation(e)
	}
}

// operation visits what may need a guard.
func (g *rewriter) operation(e *syntax.Expr) {
	switch x := (*e).(type) {
	case *syntax.UnaryExpr:
		g.expr(&x.X)
	case *syntax.BinaryExpr:
		g.expr(&x.X)
		g.expr(&x.Y)
		if name := guardOf(x.Op); name != "" && !harmless(x.Op, x.X, x.Y) {
			*e = guarded(name, x.OpPos, x.X, x.Y)
		}
	case *syntax.SliceExpr:
		g.expr(&x.X)
		g.expr(&x.Lo)
		g.expr(&x.Hi)
		g.expr(&x.Step)
		*e = guarded(guardSlice, x.Lbrack, x.X, orNone(x.Lo, x.Lbrack), orNone(x.Hi, x.Lbrack), orNone(x.Step, x.Lbrack))
	case *syntax.DotExpr:
		g.expr(&x.X)
		if guardedMethods[x.Name.Name] {
			*e = guarded(guardAttr, x.Dot, x.X, text(x.Name.NamePos, x.Name.Name))
		}
	case *syntax.CallExpr:
		g.call(x)
	}
}

// call visits a call. That of a guarded method becomes the call of a function that has
// the object as its first argument.
func (g *rewriter) call(x *syntax.CallExpr) {
	for i, arg := range x.Args {
		switch a := arg.(type) {
		case *syntax.BinaryExpr:
			if a.Op == syntax.EQ {
				g.expr(&a.Y)
				continue
			}
		case *syntax.UnaryExpr:
			if a.Op == syntax.STAR || a.Op == syntax.STARSTAR {
				g.expr(&a.X)
				a.X = guarded(guardSpread, a.OpPos, a.X)
				continue
			}
		}
		g.expr(&x.Args[i])
	}
	if method, ok := x.Fn.(*syntax.DotExpr); ok && guardedMethods[method.Name.Name] {
		g.expr(&method.X)
		x.Fn = &syntax.Ident{NamePos: method.Dot, Name: guardAttr + method.Name.Name}
		x.Args = append([]syntax.Expr{method.X}, x.Args...)
		return
	}
	g.expr(&x.Fn)
}

func (g *rewriter) lambda(x *syntax.LambdaExpr) {
	g.params(x.Params)
	g.expr(&x.Body)
	if name := rest(x.Params); name != nil {
		at := name.NamePos
		x.Body = &syntax.CondExpr{If: at, Cond: guarded(guardRest, at, name), True: x.Body, ElsePos: at, False: text(at, "")}
	}
}

func (g *rewriter) comprehension(x *syntax.Comprehension) {
	for _, c := range x.Clauses {
		switch c := c.(type) {
		case *syntax.ForClause:
			g.target(c.Vars)
			g.loop(&c.X)
		case *syntax.IfClause:
			g.expr(&c.Cond)
		}
	}
	g.expr(&x.Body)
}

// loop visits what a loop goes through.
func (g *rewriter) loop(e *syntax.Expr) {
	short := isShortList(*e)
	if g.expr(e); !short {
		*e = guarded(guardLoop, syntax.Start(*e), *e)
	}
}

func (g *rewriter) literal(x *syntax.Literal) {
	if x.Token == syntax.BYTES {
		g.fail(x.TokenPos, errBytes)
	}
	if n, ok := x.Value.(*big.Int); ok && n.BitLen() > maxBits {
		g.fail(x.TokenPos, errBits)
	}
}

func orNone(e syntax.Expr, at syntax.Position) syntax.Expr {
	if e == nil {
		return &syntax.Ident{NamePos: at, Name: guardNone}
	}
	return e
}
