package config

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// plain is text that YAML reads back unchanged without quotes.
var plain = regexp.MustCompile(`^[A-Za-z0-9/._][A-Za-z0-9/._:+-]*[A-Za-z0-9/._+-]$|^[A-Za-z0-9]$`)

// Print writes the effective configuration as YAML that Load reads back, with the
// doc of each key and where its value came from as comments.
func (c *Config) Print(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "# Effective configuration: default, then file, then environment, then flag; the later wins.")
	for _, s := range table() {
		fmt.Fprintf(b, "\n# %s\n%s:\n", s.doc, s.name)
		for _, k := range s.keys {
			fmt.Fprintf(b, "  # %s\n  # Allowed: %s. From: %s.\n", k.Doc, k.Allowed, c.origins[k.Path])
			fmt.Fprintf(b, "  %s: %s\n", k.Path[len(s.name)+1:], yamlValue(k, format(c.field(k))))
		}
	}
	return b.Flush()
}

func yamlValue(k *Key, texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		if quoted[i] = t; !plain.MatchString(t) || t == "null" || t == "Null" || t == "NULL" {
			quoted[i] = "'" + strings.ReplaceAll(t, "'", "''") + "'"
		}
	}
	if k.List {
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return quoted[0]
}
