package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"rms/config"
)

var configCommand = &command{
	name: "config", args: "[-c rms.yaml] [flags]", short: "print the effective configuration, with docs",
	long: `
Prints every key with its value, what it means and where the value came from:
default, file and line, environment variable or flag. The output is a valid
configuration file:

    rms config > rms.yaml`,
	run: func(_ context.Context, c *command, args []string, stdout, _ io.Writer) error {
		cfg, words, err := loadConfig(c, args, stdout, nil)
		if err != nil {
			return notHelp(err)
		}
		if len(words) > 0 {
			return usageError{fmt.Errorf("unexpected word %q", words[0])}
		}
		return cfg.Print(stdout)
	},
}

// loadConfig reads the flags of a command that takes the whole configuration.
func loadConfig(c *command, args []string, stdout io.Writer, more func(*flag.FlagSet)) (*config.Config, []string, error) {
	fs := c.flags(stdout)
	file := fs.String("c", "", "YAML `file` with the configuration (also "+envFile+" in the environment)")
	values := config.Register(fs)
	if more != nil {
		more(fs)
	}
	words, err := parse(fs, args)
	if err != nil {
		return nil, nil, err
	}
	if *file == "" {
		*file = os.Getenv(envFile)
	}
	cfg, err := config.Load(config.Options{File: *file, Env: os.Environ(), Flags: values})
	if err != nil {
		return nil, nil, usageError{err}
	}
	return cfg, words, nil
}

// envFile names the environment variable that stands for -c.
const envFile = "RMS_CONFIG"

// notHelp drops the error that says that help was printed.
func notHelp(err error) error {
	if errors.Is(err, errHelp) {
		return nil
	}
	return err
}
