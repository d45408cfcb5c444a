package scripting

import (
	_ "embed" // the default scripts
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"rms/scripting/lua"
	"rms/scripting/sandbox"
	"rms/scripting/starlark"
)

// DefaultScript is what runs when no script is configured; DefaultStarlark is the same
// in Starlark.
var (
	//go:embed default.lua
	DefaultScript string
	//go:embed default.star
	DefaultStarlark string
)

// defaultScripts are the scripts that are built into the program, by their names.
var defaultScripts = map[string]string{defaultName: DefaultScript, "default.star": DefaultStarlark}

// defaultName is the script that runs when none is configured.
const defaultName = "default.lua"

// maxFile is the longest file that is read, in bytes; engines may allow less.
const maxFile = 1 << 20

// source is a script as read from its file.
type source struct {
	name     string // in error messages
	text     []byte
	embedded bool
}

// open reads a script file, the embedded one for "". The name of an embedded one is
// understood when there is no file of that name.
func open(file string) (source, error) {
	if file == "" {
		return source{defaultName, []byte(DefaultScript), true}, nil
	}
	if ext := strings.ToLower(filepath.Ext(file)); languages[ext].compile == nil {
		return source{}, fmt.Errorf("script %s: files ending in %q cannot be run (known: %s)", file, ext, endings())
	}
	info, err := os.Stat(file)
	if text, ok := defaultScripts[file]; ok && errors.Is(err, fs.ErrNotExist) {
		return source{file, []byte(text), true}, nil
	}
	if err != nil {
		return source{}, fmt.Errorf("open script: %w", err)
	}
	if !info.Mode().IsRegular() {
		return source{}, fmt.Errorf("script %s: not a regular file", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return source{}, fmt.Errorf("open script: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return source{}, fmt.Errorf("read script: %w", err)
	}
	if len(text) > maxFile {
		return source{}, fmt.Errorf("script %s: larger than %d bytes", file, maxFile)
	}
	return source{file, text, false}, nil
}

// language is one that scripts can be written in.
type language struct {
	compile func(name string, source []byte, o sandbox.Options) (sandbox.Program, error)
	check   func(name string, source []byte, o sandbox.Options) []error
}

// languages are known by the ending of a file's name.
var languages = map[string]language{
	".lua": {
		compile: func(name string, source []byte, o sandbox.Options) (sandbox.Program, error) {
			return lua.Compile(name, source, o)
		},
		check: lua.Check,
	},
	".star": {
		compile: func(name string, source []byte, o sandbox.Options) (sandbox.Program, error) {
			return starlark.Compile(name, source, o)
		},
		check: starlark.Check,
	},
}

// endings lists the languages for an error.
func endings() string { return strings.Join(slices.Sorted(maps.Keys(languages)), ", ") }

func (s source) language() language { return languages[strings.ToLower(filepath.Ext(s.name))] }

func (s source) compile(o sandbox.Options) (sandbox.Program, error) {
	o.Dir = s.dir()
	return s.language().compile(s.name, s.text, o)
}

// dir is where the files lie that a script may ask for, "" for the embedded one.
func (s source) dir() string {
	if s.embedded {
		return ""
	}
	return filepath.Dir(s.name)
}

// Check finds what can be found in a script without a call: syntax, an error
// while it loads, verbs and parameters that do not exist, routes that are named
// but not defined. Each error begins with "file:line:".
func Check(file string) []error {
	src, err := open(file)
	if err != nil {
		return []error{err}
	}
	return src.check()
}

func (s source) check() []error {
	return s.language().check(s.name, s.text, sandbox.Options{Log: zerolog.Nop(), Dir: s.dir()})
}
