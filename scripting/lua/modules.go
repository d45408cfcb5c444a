package lua

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	glua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Limits of what a script may require.
const (
	maxModules = 100
	maxTotal   = 4 * maxSource // bytes of all files together
)

// moduleName is what require takes: the path of a file in the script's folder, with
// dots for slashes and without ".lua".
var moduleName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,8}$`)

// unit is one file of a script. The first of a script has no module name.
type unit struct {
	module string
	name   string // in error messages
	text   []byte
}

// gather reads the files that a script requires by names written in it, and those that
// they require.
func gather(name string, source []byte, dir string) ([]unit, error) {
	units := []unit{{name: name, text: source}}
	known, total := map[string]bool{}, len(source)
	for i := 0; i < len(units); i++ {
		chunk, err := parseSource(units[i].name, units[i].text)
		if err != nil {
			return nil, err
		}
		for _, r := range required(chunk) {
			if known[r.module] {
				continue
			}
			known[r.module] = true
			u, err := readModule(r.module, dir)
			if total += len(u.text); err == nil && (len(units) > maxModules || total > maxTotal) {
				err = fmt.Errorf("require: a script may have %d files of %d bytes together", maxModules, maxTotal)
			}
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", units[i].name, r.line, err)
			}
			units = append(units, u)
		}
	}
	return units, nil
}

type requirement struct {
	module string
	line   int
}

// required lists the files whose names are written in a chunk.
func required(chunk []ast.Stmt) (list []requirement) {
	rewrite(func(e ast.Expr) ast.Expr {
		c, ok := e.(*ast.FuncCallExpr)
		if !ok || len(c.Args) != 1 {
			return e
		}
		fn, isName := c.Func.(*ast.IdentExpr)
		text, isText := c.Args[0].(*ast.StringExpr)
		if isName && isText && fn.Value == "require" {
			list = append(list, requirement{text.Value, e.Line()})
		}
		return e
	}).stmts(chunk)
	return list
}

// readModule reads a file of the script's folder. No name and no link leads out of it.
func readModule(module, dir string) (unit, error) {
	if dir == "" {
		return unit{}, errors.New("require is not available: the script has no folder")
	}
	if !moduleName.MatchString(module) {
		return unit{}, fmt.Errorf("require: %q is no name of a file in the script's folder, such as \"menu\" or \"lib.menu\"", module)
	}
	file := path.Join(strings.Split(module, ".")...) + ".lua"
	root, err := os.OpenRoot(dir)
	if err != nil {
		return unit{}, fmt.Errorf("require %q: %w", module, err)
	}
	defer func() { _ = root.Close() }()
	info, err := root.Stat(file)
	if err != nil {
		return unit{}, fmt.Errorf("require %q: %w", module, err)
	}
	if !info.Mode().IsRegular() {
		return unit{}, fmt.Errorf("require %q: %s is not a regular file", module, file)
	}
	f, err := root.Open(file)
	if err != nil {
		return unit{}, fmt.Errorf("require %q: %w", module, err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err != nil {
		return unit{}, fmt.Errorf("require %q: %w", module, err)
	}
	return unit{module, filepath.Join(dir, filepath.FromSlash(file)), text}, nil
}

// openRequire makes require, which runs a file once in each interpreter.
func (s *State) openRequire() {
	s.modules = s.L.NewTable()
	s.define(s.L.G.Global, map[string]glua.LGFunction{"require": s.require})
}

func (s *State) require(L *glua.LState) int {
	name := L.CheckString(1)
	switch value := s.modules.RawGetString(name).(type) {
	case *glua.LNilType:
	case glua.LBool:
		if !bool(value) {
			L.RaiseError("require %q: the file requires itself, or failed before", name)
		}
		L.Push(glua.LTrue)
		return 1
	default:
		L.Push(value)
		return 1
	}
	proto, err := s.program.module(name, s.loading)
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
	s.modules.RawSetString(name, glua.LFalse)
	L.Push(L.NewFunctionFromProto(proto))
	L.Push(L.NewFunction(s.concat))
	L.Call(1, 1)
	value := L.Get(-1)
	if !glua.LVAsBool(value) {
		value = glua.LTrue
	}
	s.modules.RawSetString(name, value)
	L.Push(value)
	return 1
}

// module returns the code of a file. One whose name is not written in the script is
// read while the script loads; routes do not wait for disks.
func (p *Program) module(name string, loading bool) (*glua.FunctionProto, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if proto := p.modules[name]; proto != nil {
		return proto, nil
	}
	if !loading && p.opts.Dir != "" {
		return nil, fmt.Errorf("require %q: a file is loaded with the script: require it outside of routes, or by a name in quotes", name)
	}
	u, err := readModule(name, p.opts.Dir)
	if err != nil {
		return nil, err
	}
	if len(p.modules) >= maxModules {
		return nil, fmt.Errorf("require: a script may have %d files", maxModules)
	}
	chunk, err := parseSource(u.name, u.text)
	if err != nil {
		return nil, err
	}
	if !p.waits && waiting(chunk) {
		return nil, fmt.Errorf("require %q: a file with a verb that waits is required by a name in quotes", name)
	}
	if err := p.add(u, chunk); err != nil {
		return nil, err
	}
	return p.modules[name], nil
}

// add compiles a file.
func (p *Program) add(u unit, chunk []ast.Stmt) error {
	proto, err := compileChunk(u.name, guardConcat(chunk))
	if err != nil {
		return err
	}
	p.files = append(p.files, u.name)
	if u.module == "" {
		p.proto = proto
		return nil
	}
	p.modules[u.module] = proto
	return nil
}
