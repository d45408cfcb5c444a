// Command gen writes docs/config.md, the file named by its argument, from the
// table of keys:
//
//	go generate ./config
package main

import (
	"bytes"
	"fmt"
	"os"

	"rms/config"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen FILE")
		os.Exit(2)
	}
	var b bytes.Buffer
	err := config.Markdown(&b)
	if err == nil {
		err = os.WriteFile(os.Args[1], b.Bytes(), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
