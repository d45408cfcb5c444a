package starlark

import "go.starlark.net/syntax"

// The names of the guarding functions. That of an operator is the operator.
const (
	guardAttr    = "."
	guardTuple   = "()"
	guardRest    = "*()"
	guardSpread  = "*" // of an argument, see guardOf for the operator
	guardSlice   = "[:]"
	guardOperand = "="
	guardNone    = "#"
	guardLoop    = "for"
	guardDict    = "{}"
)

// guardOf returns the name of an operator's guard, "" when it needs none: +, - and /
// of numbers, and, or and not do little whatever they are given.
func guardOf(op syntax.Token) string {
	switch op {
	case syntax.STAR:
		return "**"
	case syntax.PLUS, syntax.MINUS, syntax.PERCENT, syntax.AMP, syntax.PIPE, syntax.CIRCUMFLEX,
		syntax.LTLT, syntax.EQL, syntax.NEQ, syntax.LT, syntax.GT, syntax.LE, syntax.GE, syntax.IN, syntax.NOT_IN:
		return op.String()
	}
	return ""
}

// harmless reports whether what is written in the script already bounds the work of an
// operator: one of two operands is short, and the result is not much longer than the
// other.
func harmless(op syntax.Token, x, y syntax.Expr) bool {
	switch op {
	case syntax.PLUS, syntax.MINUS:
		return isNumber(x) || isNumber(y)
	case syntax.PERCENT, syntax.PIPE, syntax.AMP, syntax.CIRCUMFLEX:
		return isNumber(y)
	case syntax.EQL, syntax.NEQ, syntax.LT, syntax.GT, syntax.LE, syntax.GE:
		return isLiteral(x) || isLiteral(y)
	case syntax.IN, syntax.NOT_IN:
		return isLiteral(y) || isShortList(y)
	case syntax.SLASH, syntax.SLASHSLASH, syntax.GTGT:
		return true
	}
	return false
}

func isLiteral(e syntax.Expr) bool { _, ok := e.(*syntax.Literal); return ok }

func isNumber(e syntax.Expr) bool {
	l, ok := e.(*syntax.Literal)
	return ok && (l.Token == syntax.INT || l.Token == syntax.FLOAT)
}

// isShortList reports whether an expression is a list or tuple of a few literals.
func isShortList(e syntax.Expr) bool {
	switch x := e.(type) {
	case *syntax.ParenExpr:
		return isShortList(x.X)
	case *syntax.ListExpr:
		return len(x.List) <= 64 && literals(x.List)
	case *syntax.TupleExpr:
		return len(x.List) <= 64 && literals(x.List)
	}
	return false
}

func literals(list []syntax.Expr) bool {
	for _, e := range list {
		if !isLiteral(e) {
			return false
		}
	}
	return true
}
