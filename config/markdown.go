package config

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

//go:generate go run ./gen ../docs/config.md

// Markdown writes docs/config.md: every key with type, default and doc.
func Markdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, `# Configuration

Written by `+"`go generate ./config`"+` from the table in config/config.go. Do not edit.

A value comes from the default, then the YAML file (`+"`rms serve -c rms.yaml`"+`), then the environment, then a flag; the
later one wins. A list is a YAML list, or items separated by commas; its flag may be given several times. An empty
environment variable counts as not set. An unknown key or a bad value stops the program with file, line, column and what
is allowed. `+"`rms config`"+` prints the effective configuration and where each value came from.

`+"```yaml"+`
sip:
  listen: [udp://0.0.0.0:5060, tcp://0.0.0.0:5060]
rtp:
  ports: 10000-29999
`+"```"+`

The same by environment: `+"`RMS_RTP_PORTS=10000-29999`"+`. The same by flag: `+"`--rtp.ports 10000-29999`"+`.
`)
	for _, s := range table() {
		fmt.Fprintf(b, "\n## %s\n\n%s\n", s.name, s.doc)
		for _, k := range s.keys {
			k.markdown(b)
		}
	}
	return b.Flush()
}

func (k *Key) markdown(w io.Writer) {
	value := "`" + strings.ReplaceAll(k.Default, ",", ", ") + "`"
	if k.Default == "" {
		value = "empty: " + k.Empty
	}
	flags := "`--" + k.Flag + "`"
	if k.Short != "" {
		flags += ", `--" + k.Short + "`"
	}
	fmt.Fprintf(w, "\n### %s\n\n%s\n\n- default: %s\n- allowed: %s\n- environment: `%s`; flag: %s\n",
		k.Path, k.Doc, value, k.Allowed, k.Env, flags)
	for _, a := range k.Aliases {
		meaning := "this key"
		if part := k.parts[a]; part != "" {
			meaning = "its " + part + " alone"
		}
		fmt.Fprintf(w, "- also in the file: `%s`, for %s\n", a, meaning)
	}
}
