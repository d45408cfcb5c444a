package scripting

import (
	_ "embed" // the default script
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"rms/scripting/lua"
	"rms/scripting/sandbox"
)

// DefaultScript is what runs when no script is configured.
//
//go:embed default.lua
var DefaultScript string

// maxFile is the longest file that is read, in bytes; engines may allow less.
const maxFile = 1 << 20

// source is a script as read from its file.
type source struct {
	name string // in error messages
	text []byte
}

// open reads a script file, the embedded one for "".
func open(file string) (source, error) {
	if file == "" {
		return source{"default.lua", []byte(DefaultScript)}, nil
	}
	if ext := strings.ToLower(filepath.Ext(file)); ext != ".lua" {
		return source{}, fmt.Errorf("script %s: files ending in %q cannot be run (known: .lua)", file, ext)
	}
	info, err := os.Stat(file)
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
	return source{file, text}, nil
}

func (s source) compile(o lua.Options) (sandbox.Program, error) {
	return lua.Compile(s.name, s.text, o)
}

// Check finds what can be found in a script without a call: syntax, an error
// while it loads, verbs and parameters that do not exist, routes that are named
// but not defined. Each error begins with "file:line:".
func Check(file string) []error {
	src, err := open(file)
	if err != nil {
		return []error{err}
	}
	return lua.Check(src.name, src.text)
}
