// Command gen writes docs/verbs.md and docs/events.md into the folder named by its
// argument, from the tables of verbs and events:
//
//	go generate ./call
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"rms/call"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen FOLDER")
		os.Exit(2)
	}
	for name, write := range map[string]func(io.Writer) error{"verbs.md": call.VerbsMarkdown, "events.md": call.EventsMarkdown} {
		var b bytes.Buffer
		err := write(&b)
		if err == nil {
			err = os.WriteFile(filepath.Join(os.Args[1], name), b.Bytes(), 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
