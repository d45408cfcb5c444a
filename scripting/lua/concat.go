package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// concatName is the local that holds the function behind the operator "..". No
// script can write this name.
const concatName = "(concat)"

// guardConcat puts a call of a bounded function in the place of each "..": the
// interpreter joins strings in one instruction of any size, so that ten lines of
// s = s .. s would take all memory between two checks.
func guardConcat(chunk []ast.Stmt) []ast.Stmt {
	rewrite(guardedConcat).stmts(chunk)
	fn := &ast.Comma3Expr{}
	fn.SetLine(1)
	fn.SetLastLine(1)
	head := &ast.LocalAssignStmt{Names: []string{concatName}, Exprs: []ast.Expr{fn}}
	head.SetLine(1)
	head.SetLastLine(1)
	return append([]ast.Stmt{head}, chunk...)
}

// guardedConcat replaces a .. b. The operands were visited before, so that the
// right one of a .. b .. c is a call already, whose arguments move up.
func guardedConcat(e ast.Expr) ast.Expr {
	x, ok := e.(*ast.StringConcatOpExpr)
	if !ok {
		return e
	}
	name := &ast.IdentExpr{Value: concatName}
	c := &ast.FuncCallExpr{Func: name, AdjustRet: true, Args: []ast.Expr{x.Lhs}}
	if rest := guardedArgs(x.Rhs); rest != nil {
		c.Args = append(c.Args, rest...)
	} else {
		c.Args = append(c.Args, single(x.Rhs))
	}
	for _, n := range []ast.Expr{name, c} {
		n.SetLine(x.Line())
		n.SetLastLine(x.LastLine())
	}
	return c
}

func guardedArgs(e ast.Expr) []ast.Expr {
	if c, ok := e.(*ast.FuncCallExpr); ok {
		if name, ok := c.Func.(*ast.IdentExpr); ok && name.Value == concatName {
			return c.Args
		}
	}
	return nil
}

// single makes a call or "..." at the end of an argument list give one value.
func single(e ast.Expr) ast.Expr {
	switch x := e.(type) {
	case *ast.FuncCallExpr:
		x.AdjustRet = true
	case *ast.Comma3Expr:
		x.AdjustRet = true
	}
	return e
}

// concat is the function behind "..".
func (s *State) concat(L *glua.LState) int {
	n := L.GetTop()
	size := 0
	for i := 1; i <= n; i++ {
		if !glua.LVCanConvToString(L.Get(i)) {
			return s.metaConcat(L, n)
		}
		if str, ok := L.Get(i).(glua.LString); ok {
			size += len(str)
		} else {
			size += 24
		}
	}
	s.build(L, size)
	var b strings.Builder
	b.Grow(size)
	for i := 1; i <= n; i++ {
		b.WriteString(glua.LVAsString(L.Get(i)))
	}
	L.Push(glua.LString(b.String()))
	return 1
}

// metaConcat joins from the right, two at a time, and asks metatables.
func (s *State) metaConcat(L *glua.LState, n int) int {
	right := L.Get(n)
	for i := n - 1; i >= 1; i-- {
		left := L.Get(i)
		if glua.LVCanConvToString(left) && glua.LVCanConvToString(right) {
			l, r := glua.LVAsString(left), glua.LVAsString(right)
			s.build(L, len(l)+len(r))
			right = glua.LString(l + r)
			continue
		}
		op := L.GetMetaField(left, "__concat")
		if op == glua.LNil {
			op = L.GetMetaField(right, "__concat")
		}
		if op == glua.LNil {
			bad := right
			if !glua.LVCanConvToString(left) {
				bad = left
			}
			L.RaiseError("attempt to concatenate a %s value", bad.Type())
		}
		L.Push(op)
		L.Push(left)
		L.Push(right)
		L.Call(2, 1)
		right = L.Get(-1)
		L.Pop(1)
	}
	L.Push(right)
	return 1
}
