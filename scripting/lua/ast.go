package lua

import "github.com/yuin/gopher-lua/ast"

// visit calls f for every statement of a chunk, those of functions too.
func visit(chunk []ast.Stmt, f func(ast.Stmt)) {
	var inside func(list []ast.Stmt)
	inside = func(list []ast.Stmt) {
		for _, s := range list {
			f(s)
			for _, b := range blocks(s) {
				inside(b)
			}
		}
	}
	inside(chunk)
	rewrite(func(e ast.Expr) ast.Expr {
		if fn, ok := e.(*ast.FunctionExpr); ok {
			inside(fn.Stmts)
		}
		return e
	}).stmts(chunk)
}

// blocks returns the statements inside a statement, without those of function
// expressions.
func blocks(s ast.Stmt) [][]ast.Stmt {
	switch s := s.(type) {
	case *ast.DoBlockStmt:
		return [][]ast.Stmt{s.Stmts}
	case *ast.WhileStmt:
		return [][]ast.Stmt{s.Stmts}
	case *ast.RepeatStmt:
		return [][]ast.Stmt{s.Stmts}
	case *ast.IfStmt:
		return [][]ast.Stmt{s.Then, s.Else}
	case *ast.NumberForStmt:
		return [][]ast.Stmt{s.Stmts}
	case *ast.GenericForStmt:
		return [][]ast.Stmt{s.Stmts}
	case *ast.FuncDefStmt:
		return [][]ast.Stmt{s.Func.Stmts}
	}
	return nil
}

// rewrite visits every expression of a chunk, inner ones first, and puts what f
// returns in its place.
type rewrite func(ast.Expr) ast.Expr

func (f rewrite) stmts(list []ast.Stmt) {
	for _, s := range list {
		f.stmt(s)
	}
}

func (f rewrite) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		f.exprs(s.Lhs)
		f.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		f.exprs(s.Exprs)
	case *ast.FuncCallStmt:
		f.expr(&s.Expr)
	case *ast.DoBlockStmt:
		f.stmts(s.Stmts)
	case *ast.WhileStmt:
		f.expr(&s.Condition)
		f.stmts(s.Stmts)
	case *ast.RepeatStmt:
		f.expr(&s.Condition)
		f.stmts(s.Stmts)
	case *ast.IfStmt:
		f.expr(&s.Condition)
		f.stmts(s.Then)
		f.stmts(s.Else)
	case *ast.NumberForStmt:
		f.expr(&s.Init)
		f.expr(&s.Limit)
		f.expr(&s.Step)
		f.stmts(s.Stmts)
	case *ast.GenericForStmt:
		f.exprs(s.Exprs)
		f.stmts(s.Stmts)
	case *ast.FuncDefStmt:
		f.stmts(s.Func.Stmts)
	case *ast.ReturnStmt:
		f.exprs(s.Exprs)
	}
}

func (f rewrite) exprs(list []ast.Expr) {
	for i := range list {
		f.expr(&list[i])
	}
}

func (f rewrite) expr(e *ast.Expr) {
	switch x := (*e).(type) {
	case nil:
		return
	case *ast.AttrGetExpr:
		f.expr(&x.Object)
		f.expr(&x.Key)
	case *ast.TableExpr:
		for _, field := range x.Fields {
			f.expr(&field.Key)
			f.expr(&field.Value)
		}
	case *ast.FuncCallExpr:
		f.expr(&x.Func)
		f.expr(&x.Receiver)
		f.exprs(x.Args)
	case *ast.FunctionExpr:
		f.stmts(x.Stmts)
	default:
		f.operands(x)
	}
	*e = f(*e)
}

func (f rewrite) operands(e ast.Expr) {
	switch x := e.(type) {
	case *ast.LogicalOpExpr:
		f.expr(&x.Lhs)
		f.expr(&x.Rhs)
	case *ast.RelationalOpExpr:
		f.expr(&x.Lhs)
		f.expr(&x.Rhs)
	case *ast.StringConcatOpExpr:
		f.expr(&x.Lhs)
		f.expr(&x.Rhs)
	case *ast.ArithmeticOpExpr:
		f.expr(&x.Lhs)
		f.expr(&x.Rhs)
	case *ast.UnaryMinusOpExpr:
		f.expr(&x.Expr)
	case *ast.UnaryNotOpExpr:
		f.expr(&x.Expr)
	case *ast.UnaryLenOpExpr:
		f.expr(&x.Expr)
	}
}
