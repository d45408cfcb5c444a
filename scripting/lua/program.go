package lua

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	glua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"rms/call"
	"rms/scripting/sandbox"
)

// maxSource is the longest script, in bytes: compiling deeply nested code uses
// stack in proportion.
const maxSource = 256 << 10

// maxArray is one more than the highest index of the array part of a table; the
// interpreter fills an array up to the index that is set, in one instruction.
const maxArray = 1 << 14

func init() { glua.MaxArrayIndex = maxArray }

// Options are those of every language.
type Options = sandbox.Options

// Program is a compiled script. Its states share the code.
type Program struct {
	name   string
	proto  *glua.FunctionProto
	opts   Options
	waits  bool        // names a verb that waits
	loaded atomic.Bool // a state has been made: the next one loads silently

	mu      sync.Mutex // of what a state may add while it loads
	modules map[string]*glua.FunctionProto
	files   []string // that the code comes from, the script's own first
}

// Compile reads and compiles a script, and the files that it requires. name is what
// errors say before the line.
func Compile(name string, source []byte, o Options) (*Program, error) {
	units, err := gather(name, source, o.Dir)
	if err != nil {
		return nil, err
	}
	return compile(units, o)
}

func compile(units []unit, o Options) (*Program, error) {
	p := &Program{name: units[0].name, opts: o, modules: map[string]*glua.FunctionProto{}}
	for _, u := range units {
		chunk, err := parseSource(u.name, u.text)
		if err != nil {
			return nil, err
		}
		p.waits = p.waits || waiting(chunk)
		if err := p.add(u, chunk); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Files lists the files that the script required.
func (p *Program) Files() []string { return p.names()[1:] }

// NewState makes an interpreter and runs the script's top level in it, within
// twenty times the budget of a run.
func (p *Program) NewState() (sandbox.State, error) {
	s := newState(p)
	if err := s.load(20 * s.limits.Budget); err != nil {
		s.Close()
		return nil, err
	}
	p.loaded.Store(true)
	return s, nil
}

// names lists the files that code comes from, as in error messages.
func (p *Program) names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.files[:len(p.files):len(p.files)]
}

func (p *Program) has(source string) bool { return slices.Contains(p.names(), source) }

// waiting reports whether a chunk names a verb that waits. Runs of a script that does
// not have no thread of their own.
func waiting(chunk []ast.Stmt) bool {
	found := false
	rewrite(func(e ast.Expr) ast.Expr {
		name := ""
		switch x := e.(type) {
		case *ast.IdentExpr:
			name = x.Value
		case *ast.StringExpr:
			name = x.Value
		}
		if _, ok := call.LookupWait(name); ok {
			found = true
		}
		if v, ok := call.Lookup(name); ok && v.Pauses {
			found = true
		}
		return e
	}).stmts(chunk)
	return found
}

func parseSource(name string, source []byte) (chunk []ast.Stmt, err error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("%s: %d bytes: a script may have %d", name, len(source), maxSource)
	}
	source = bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(source, []byte("#!")) {
		source = append([]byte("--"), source...)
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", name, r)
		}
	}()
	chunk, err = parse.Parse(bytes.NewReader(source), name)
	return chunk, syntaxError(name, err)
}

func compileChunk(name string, chunk []ast.Stmt) (proto *glua.FunctionProto, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", name, r)
		}
	}()
	proto, err = glua.Compile(chunk, name)
	var c *glua.CompileError
	if errors.As(err, &c) {
		err = fmt.Errorf("%s:%d: %s", name, c.Line, c.Message)
	}
	if err == nil {
		plainCalls(proto)
	}
	return proto, err
}

// plainCalls makes calls of tail calls: the interpreter writes a line of trace
// for each of them when an error comes, and there may be millions.
func plainCalls(p *glua.FunctionProto) {
	for i, inst := range p.Code {
		if int(inst>>26) == glua.OP_TAILCALL {
			p.Code[i] = inst&(1<<26-1) | uint32(glua.OP_CALL)<<26
		}
	}
	for _, inner := range p.FunctionPrototypes {
		plainCalls(inner)
	}
}

// syntaxError gives an error of the parser the form "file:line: text".
func syntaxError(name string, err error) error {
	var p *parse.Error
	if !errors.As(err, &p) {
		return err
	}
	text := strings.TrimSpace(p.Message)
	if p.Pos.Line == parse.EOF {
		return fmt.Errorf("%s: %s at the end of the file: something is not closed (end, ')' or '}' missing)", name, text)
	}
	return fmt.Errorf("%s:%d: %s near %q", name, p.Pos.Line, text, p.Token)
}

// loadLimits are the limits while the top level runs.
func loadLimits(l sandbox.Limits, budget time.Duration) sandbox.Limits {
	l.Budget, l.Steps = budget, 0
	return l
}
