package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// maxFile bounds the configuration file, in bytes.
const maxFile = 1 << 20

// Options says where Load takes values from, besides the defaults.
type Options struct {
	File  string              // YAML file; "" for none
	Env   []string            // as os.Environ gives it; nil for none
	Flags map[string][]string // values by key path (Key.Path) or Key.Short, in the order given
}

// Load reads the configuration: default < file < environment < flag. The error
// joins a *Problem for every mistake, and the configuration is then nil.
func Load(o Options) (*Config, error) {
	c := &Config{origins: map[string]string{}}
	var bad []error
	for _, s := range table() {
		for _, k := range s.keys {
			if err := c.put(k, "default", split(k, k.Default)); err != nil {
				panic("config: default of " + k.Path + ": " + err.Error())
			}
		}
	}
	if o.File != "" {
		text, err := readFile(o.File)
		if err != nil {
			return nil, err
		}
		bad = append(bad, c.readYAML(o.File, text)...)
	}
	bad = append(bad, c.readEnv(o.Env)...)
	bad = append(bad, c.readFlags(o.Flags)...)
	if len(bad) == 0 {
		bad = c.check()
	}
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	return c, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open configuration %q: %w", name, errors.Unwrap(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration %q: %w", name, errors.Unwrap(err))
	}
	if len(text) > maxFile {
		return nil, &Problem{Where: name, What: "the file is larger than 1 MiB; is it the configuration"}
	}
	return text, nil
}

// put parses the texts into the field of k and remembers where they came from.
func (c *Config) put(k *Key, origin string, texts []string) error {
	if err := k.set(c.field(k), texts); err != nil {
		return fmt.Errorf("%w; allowed: %s", err, k.Allowed)
	}
	c.origins[k.Path] = origin
	return nil
}

// split cuts a text from a default, the environment or a flag into the items of k.
func split(k *Key, text string) []string {
	if !k.List {
		return []string{text}
	}
	items := []string{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// readEnv takes the variables of the table. An empty one counts as not set. One
// that looks like a key but is none gives a warning, not an error, because
// container systems invent names of this form.
func (c *Config) readEnv(env []string) []error {
	byName := map[string]*Key{}
	var names []string
	for _, s := range table() {
		for _, k := range s.keys {
			byName[k.Env] = k
			names = append(names, k.Env)
		}
	}
	var bad []error
	for _, e := range env {
		name, text, _ := strings.Cut(e, "=")
		k := byName[name]
		if k == nil {
			if near := nearest(name, names); strings.HasPrefix(name, "RMS_") && near != "" {
				c.Warnings = append(c.Warnings, fmt.Sprintf("environment variable %s is no key; did you mean %s", name, near))
			}
			continue
		}
		if text == "" {
			continue
		}
		if err := c.put(k, name, split(k, text)); err != nil {
			bad = append(bad, &Problem{Where: name, Key: k.Path, What: err.Error()})
		}
	}
	return bad
}

// readFlags takes the values of the command line. A list gathers all of them, any
// other key keeps the last.
func (c *Config) readFlags(flags map[string][]string) []error {
	var names []string
	for n := range flags {
		names = append(names, n)
	}
	slices.Sort(names)
	var bad []error
	for _, n := range names {
		texts := flags[n]
		k := find(n)
		if k == nil {
			bad = append(bad, &Problem{Where: "--" + n, What: "there is no such flag; rms config lists the keys"})
			continue
		}
		if len(texts) == 0 {
			continue
		}
		items := []string{texts[len(texts)-1]}
		if k.List {
			items = split(k, strings.Join(texts, ","))
		}
		if err := c.put(k, "--"+n, items); err != nil {
			bad = append(bad, &Problem{Where: "--" + n, Key: k.Path, What: err.Error()})
		}
	}
	return bad
}

// Origin says where the value of a key came from: "default", "rms.yaml:3",
// "RMS_SIP_LISTEN" or "--listen". It is "" for a name that is no key.
func (c *Config) Origin(path string) string { return c.origins[path] }
