package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"rms/config"
	"rms/scripting"
)

var checkCommand = &command{
	name: "check", args: "FILE...", short: "check configurations and scripts without starting",
	long: `
Reads each FILE as the server would: .yaml and .yml as a configuration with the
script that it names, .lua and .star as a script. Says what is wrong, where, and what is
allowed; the exit status is 0 when nothing is.

    rms check rms.yaml ivr.lua`,
	run: runCheck,
}

func runCheck(_ context.Context, c *command, args []string, stdout, stderr io.Writer) error {
	files, err := parse(c.flags(stdout), args)
	if err != nil {
		return notHelp(err)
	}
	if len(files) == 0 {
		return usageError{fmt.Errorf("which FILE? A .yaml configuration or a script (.lua, .star)")}
	}
	bad := 0
	for _, f := range files {
		problems := checkFile(f)
		for _, p := range problems {
			fmt.Fprintln(stderr, p)
		}
		if len(problems) == 0 {
			fmt.Fprintf(stdout, "%s: ok\n", f)
			continue
		}
		bad++
	}
	if bad > 0 {
		return errQuiet
	}
	return nil
}

func checkFile(name string) []error {
	switch filepath.Ext(name) {
	case ".yaml", ".yml":
		cfg, err := config.Load(config.Options{File: name})
		if err != nil {
			return []error{err}
		}
		if cfg.Script.File != "" {
			return scripting.Check(cfg.Script.File)
		}
		return nil
	}
	return scripting.Check(name)
}
