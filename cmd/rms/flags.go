package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"rms/config"
)

// helpWidth is how wide the text beside a flag is, in characters.
const helpWidth = 76

// printFlags lists the flags of a command: its own first, then the keys of the
// configuration by section, each once with both its names.
func printFlags(w io.Writer, fs *flag.FlagSet) {
	keys := map[string]bool{}
	for _, k := range config.Keys() {
		keys[k.Flag], keys[k.Short] = true, true
	}
	whole := fs.Lookup("sip.listen") != nil
	title := "\nFlags:\n"
	fs.VisitAll(func(f *flag.Flag) {
		if whole && keys[f.Name] {
			return
		}
		fmt.Fprint(w, title)
		title = ""
		value, usage := flag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
			usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		dashes := "--"
		if len(f.Name) == 1 {
			dashes = "-"
		}
		printFlag(w, strings.TrimSpace(dashes+f.Name+" "+value), usage)
	})
	if whole {
		printKeys(w)
	}
}

// printKeys lists the configuration, as flags.
func printKeys(w io.Writer) {
	fmt.Fprint(w, "\nConfiguration. Each key is also one of the YAML file and RMS_SECTION_KEY in the environment;\n",
		"flags win over the environment, which wins over the file. \"rms config\" shows what is in force.\n")
	section := ""
	for _, k := range config.Keys() {
		if s, _, _ := strings.Cut(k.Path, "."); s != section {
			section = s
			fmt.Fprintf(w, "\n  %s\n", section)
		}
		name := "--" + k.Flag
		if k.Short != "" {
			name = "--" + k.Short + ", " + name
		}
		text := k.Doc + " Allowed: " + k.Allowed + "."
		if k.Default != "" {
			text += " Default: " + k.Default + "."
		}
		printFlag(w, name, text)
	}
}

// printFlag writes a flag, and what it means below it.
func printFlag(w io.Writer, name, text string) {
	fmt.Fprintf(w, "  %s\n", name)
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > helpWidth {
			fmt.Fprintf(w, "        %s\n", line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	fmt.Fprintf(w, "        %s\n", line)
}
