package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

var versionCommand = &command{
	name: "version", short: "print the version",
	run: func(_ context.Context, c *command, args []string, stdout, _ io.Writer) error {
		words, err := parse(c.flags(stdout), args)
		if err != nil {
			return notHelp(err)
		}
		if len(words) > 0 {
			return usageError{fmt.Errorf("unexpected word %q", words[0])}
		}
		fmt.Fprintf(stdout, "rms %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return nil
	},
}

// built is the version that the linker was told: -X main.built=v1.2.3.
var built string

// version is what the linker was told, the module's version, or the commit that the
// program was built from.
func version() string {
	if built != "" {
		return built
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "0.1-" + s.Value[:12]
		}
	}
	return "0.1"
}
