package starlark

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.starlark.net/syntax"

	"rms/call"
)

// maxFiles is how many files a script may load.
const maxFiles = 64

// loader compiles a script and what it loads, each file once.
type loader struct {
	program *Program
	names   func(string) bool // names that every file knows
	open    map[string]bool   // files whose loads are being compiled
}

// compile compiles what a file loads, then the file.
func (l *loader) compile(name string, f *syntax.File) (*module, error) {
	for _, s := range f.Stmts {
		if s, ok := s.(*syntax.LoadStmt); ok {
			if err := l.file(s.ModuleName()); err != nil {
				return nil, fmt.Errorf("%s: %w", s.Load, err)
			}
		}
	}
	l.program.waits = l.program.waits || waiting(f)
	prog, err := compileFile(f, l.names)
	return &module{name, prog}, err
}

// file compiles a file that a load statement names.
func (l *loader) file(rel string) error {
	p := l.program
	if l.open[rel] {
		return fmt.Errorf("load %q: the files load each other in a circle", rel)
	}
	if p.modules[rel] != nil {
		return nil
	}
	if len(p.modules) >= maxFiles {
		return fmt.Errorf("load %q: a script may load %d files", rel, maxFiles)
	}
	text, err := p.read(rel)
	if err != nil {
		return fmt.Errorf("load %q: %w", rel, err)
	}
	path := filepath.Join(p.opts.Dir, rel)
	f, err := parse(path, text)
	if err != nil {
		return err
	}
	l.open[rel] = true
	defer delete(l.open, rel)
	if p.modules[rel], err = l.compile(path, f); err != nil {
		delete(p.modules, rel)
		return err
	}
	p.files = append(p.files, path)
	return nil
}

// read reads a file of the script's directory. Links out of it are not followed.
func (p *Program) read(rel string) ([]byte, error) {
	switch {
	case p.opts.Dir == "":
		return nil, fmt.Errorf("this script has no directory")
	case !filepath.IsLocal(rel) || filepath.Clean(rel) != rel:
		return nil, fmt.Errorf("only files in the directory of the script can be loaded, by names such as \"menu.star\"")
	case filepath.Ext(rel) != ".star":
		return nil, fmt.Errorf("only files ending in .star can be loaded")
	}
	root, err := os.OpenRoot(p.opts.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	f, err := root.Open(rel)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a regular file")
	}
	return io.ReadAll(io.LimitReader(f, maxSource+1))
}

// waiting reports whether a file names a verb that waits, or may find one by a name
// that it computes. Runs of a script that does not need no goroutine of their own.
func waiting(f *syntax.File) bool {
	found := false
	syntax.Walk(f, func(n syntax.Node) bool {
		if id, ok := n.(*syntax.Ident); ok {
			_, waits := call.LookupWait(id.Name)
			v, known := call.Lookup(id.Name)
			found = found || waits || known && v.Pauses || id.Name == "getattr"
		}
		return !found
	})
	return found
}
