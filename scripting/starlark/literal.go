package starlark

import (
	"go.starlark.net/syntax"
)

// written reads the arguments of a call as far as they are written in the script; nil
// stands for others. all reports whether nothing was left out.
func written(args []syntax.Expr) (positional []any, named map[string]any, all bool) {
	named, all = map[string]any{}, true
	for _, arg := range args {
		switch a := arg.(type) {
		case *syntax.UnaryExpr:
			if a.Op == syntax.STAR || a.Op == syntax.STARSTAR {
				all = false
				continue
			}
		case *syntax.BinaryExpr:
			if name, ok := a.X.(*syntax.Ident); ok && a.Op == syntax.EQ {
				v, known := constantOf(a.Y)
				all = all && known
				named[name.Name] = v
				continue
			}
		}
		v, known := constantOf(arg)
		all = all && known
		positional = append(positional, v)
	}
	return positional, named, all
}

// constantOf returns the value of an expression of literals.
func constantOf(e syntax.Expr) (v any, known bool) {
	switch x := e.(type) {
	case *syntax.ParenExpr:
		return constantOf(x.X)
	case *syntax.Literal:
		switch n := x.Value.(type) {
		case string, int64, float64:
			return n, true
		}
	case *syntax.Ident:
		switch x.Name {
		case "True", "False":
			return x.Name == "True", true
		case "None":
			return nil, true
		}
	case *syntax.UnaryExpr:
		return negative(x)
	case *syntax.BinaryExpr:
		return sum(x)
	}
	return nil, false
}

func negative(x *syntax.UnaryExpr) (any, bool) {
	if x.Op != syntax.MINUS {
		return nil, false
	}
	switch n, _ := constantOf(x.X); n := n.(type) {
	case int64:
		return -n, true
	case float64:
		return -n, true
	}
	return nil, false
}

// sum joins "a" + "b".
func sum(x *syntax.BinaryExpr) (any, bool) {
	left, _ := constantOf(x.X)
	right, _ := constantOf(x.Y)
	a, ok1 := left.(string)
	b, ok2 := right.(string)
	if x.Op != syntax.PLUS || !ok1 || !ok2 {
		return nil, false
	}
	return a + b, true
}
