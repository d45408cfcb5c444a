package lua

import (
	"fmt"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// conditions looks for functions of KSR modules that stand alone in a condition.
// They return 1 or -1, as in Kamailio, and both are true in Lua.
func (c *checker) conditions(chunk []ast.Stmt) {
	visit(chunk, func(s ast.Stmt) {
		switch s := s.(type) {
		case *ast.IfStmt:
			c.condition(s.Condition)
		case *ast.WhileStmt:
			c.condition(s.Condition)
		case *ast.RepeatStmt:
			c.condition(s.Condition)
		}
	})
}

func (c *checker) condition(e ast.Expr) {
	switch x := e.(type) {
	case *ast.UnaryNotOpExpr:
		c.condition(x.Expr)
	case *ast.LogicalOpExpr:
		c.condition(x.Lhs)
		c.condition(x.Rhs)
	case *ast.FuncCallExpr:
		path := dotted(x.Func)
		if len(path) != 3 || path[0] != "KSR" || c.own["KSR"] || !returnsNumber(path[1], path[2]) {
			return
		}
		name := strings.Join(path, ".")
		c.fault(e, fmt.Errorf("%s returns 1 or -1, which are both true: write %s(...) > 0", name, name))
	}
}

func returnsNumber(module, function string) bool {
	switch module {
	case "rtp_media_server", "siputils", "sl", "tm", "tmx":
		return true
	case "hdr":
		return function == "is_present"
	}
	return false
}
