package lua

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"

	"rms/call"
)

// literals returns the arguments that are written in the script. What is
// computed is replaced by a value that the verb accepts. all is false when the
// number of arguments cannot be seen.
func literals(v *call.Verb, args []ast.Expr) (positional []any, named map[string]any, all bool) {
	all = true
	if len(args) == 1 {
		if t, ok := args[0].(*ast.TableExpr); ok {
			return tableLiterals(v, t)
		}
		if isOpen(args[0]) || isName(args[0]) {
			return nil, nil, false
		}
	}
	for i, e := range args {
		if i == len(args)-1 && isOpen(e) {
			return positional, nil, false
		}
		positional = append(positional, argument(v, i, e))
	}
	return positional, nil, all
}

func tableLiterals(v *call.Verb, t *ast.TableExpr) (positional []any, named map[string]any, all bool) {
	named, all = map[string]any{}, true
	for _, f := range t.Fields {
		if f.Key == nil {
			positional = append(positional, argument(v, len(positional), f.Value))
			continue
		}
		key, ok := f.Key.(*ast.StringExpr)
		if !ok {
			all = false
			continue
		}
		at := -1
		for i := range v.Params {
			if v.Params[i].Name == key.Value {
				at = i
			}
		}
		named[key.Value] = argument(v, at, f.Value)
	}
	return positional, named, all
}

// isOpen reports whether an expression may give any number of values.
func isOpen(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.FuncCallExpr:
		return !x.AdjustRet
	case *ast.Comma3Expr:
		return !x.AdjustRet
	}
	return false
}

// isName reports whether an expression may be a table of named parameters.
func isName(e ast.Expr) bool {
	switch e.(type) {
	case *ast.IdentExpr, *ast.AttrGetExpr:
		return true
	}
	return false
}

// computed stands for a value that is known only in a call.
type computed struct{}

// argument returns a literal, or a value that parameter i of the verb accepts.
func argument(v *call.Verb, i int, e ast.Expr) any {
	if value := literal(e); value != (computed{}) {
		return value
	}
	if i < 0 || i >= len(v.Params) {
		return "?"
	}
	p := &v.Params[i]
	switch p.Kind {
	case call.Int, call.Float, call.Duration:
		return p.Min
	case call.Bool:
		return true
	case call.Route:
		return ""
	case call.String, call.Value:
	}
	if len(p.Enum) > 0 {
		return p.Enum[0]
	}
	return "?"
}

func literal(e ast.Expr) any {
	switch x := e.(type) {
	case *ast.StringExpr:
		return x.Value
	case *ast.TrueExpr:
		return true
	case *ast.FalseExpr:
		return false
	case *ast.NilExpr:
		return nil
	case *ast.NumberExpr:
		if f, err := strconv.ParseFloat(x.Value, 64); err == nil {
			return number(f)
		}
	case *ast.UnaryMinusOpExpr:
		if f, ok := x.Expr.(*ast.NumberExpr); ok {
			if f, err := strconv.ParseFloat(f.Value, 64); err == nil {
				return number(-f)
			}
		}
	case *ast.TableExpr:
		return map[string]any{}
	}
	return computed{}
}
