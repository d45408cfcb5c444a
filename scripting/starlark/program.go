package starlark

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"go.starlark.net/resolve"
	sl "go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"rms/call"
	"rms/scripting/sandbox"
)

// maxSource is the longest file, in bytes: parsing deeply nested code uses stack in
// proportion.
const maxSource = 256 << 10

// dialect is what scripts may write besides the core of the language.
var dialect = &syntax.FileOptions{Set: true, TopLevelControl: true}

// Options say how runs are limited and where their log lines go.
type Options = sandbox.Options

// Program is a compiled script with the files that it loads.
type Program struct {
	name    string
	opts    Options
	main    *module
	modules map[string]*module // by what load names them
	files   []string
	waits   bool        // some file names a verb that waits
	loaded  atomic.Bool // a state has been made: the next one loads silently
}

// module is one compiled file.
type module struct {
	name string // in errors
	prog *sl.Program
}

// Compile reads and compiles a script. name is what errors say before the line.
func Compile(name string, source []byte, o Options) (*Program, error) {
	p := &Program{name: name, opts: o, modules: map[string]*module{}}
	names := newState(p).env.Has
	f, err := parse(name, source)
	if err != nil {
		return nil, err
	}
	l := loader{program: p, names: names, open: map[string]bool{}}
	if p.main, err = l.compile(name, f); err != nil {
		return nil, err
	}
	return p, nil
}

// Files lists the files that the script loads.
func (p *Program) Files() []string { return p.files }

// NewState makes an interpreter and runs the script's top level in it, within twenty
// times the budget of a run.
func (p *Program) NewState() (sandbox.State, error) {
	s := newState(p)
	if err := s.load(20 * s.limits.Budget); err != nil {
		s.Close()
		return nil, err
	}
	p.loaded.Store(true)
	return s, nil
}

func parse(name string, source []byte) (f *syntax.File, err error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("%s: %d bytes: a script may have %d", name, len(source), maxSource)
	}
	source = bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", name, r)
		}
	}()
	f, err = dialect.Parse(name, source, 0)
	var e syntax.Error
	if errors.As(err, &e) {
		return nil, fmt.Errorf("%s: syntax error: %s", e.Pos, e.Msg)
	}
	return f, err
}

// compileFile turns a syntax tree, which it changes, into code.
func compileFile(f *syntax.File, names func(string) bool) (prog *sl.Program, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", f.Path, r)
		}
	}()
	if err := guard(f); err != nil {
		return nil, err
	}
	prog, err = sl.FileProgram(f, names)
	if err != nil {
		return nil, resolveError(err)
	}
	return prog, frameSizes(prog)
}

// resolveError joins all that the resolver found.
func resolveError(err error) error {
	var list resolve.ErrorList
	if !errors.As(err, &list) {
		return err
	}
	var all []error
	for _, e := range list {
		all = append(all, fmt.Errorf("%s: %s", e.Pos, undefined(e.Msg)))
	}
	return errors.Join(all...)
}

// undefined says more about names that are known elsewhere.
func undefined(text string) string {
	name, ok := strings.CutPrefix(text, "undefined: ")
	if !ok {
		return text
	}
	name, _, _ = strings.Cut(name, " ")
	switch {
	case strings.HasPrefix(name, "rms_"):
		return call.Unknown(name).Error()
	case name == "KSR":
		return "KSR is for scripts in Lua: use rms.<verb>(...), is_method, has_totag, t_reply and the members of call"
	}
	return text
}
