// Command peers prints our figures beside those of other programs. make bench and
// make load run it:
//
//	go test -run '^$' -bench . ./... | go run ./cmd/rms/load/peers bench
//	rms load sip:loop@127.0.0.1 --calls 2000 --json > 1.json
//	go run ./cmd/rms/load/peers load 1.json 2.json 3.json
//	go run ./cmd/rms/load/peers streams without.json with.json
//	go run ./cmd/rms/load/peers record without.json with.json
//
// The peers were measured on one machine, which docs/performance.md describes;
// elsewhere a ratio says as much about the machine.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "bench":
		return bench(in, out)
	case len(args) > 1 && args[0] == "load":
		return load(args[1:], out)
	case len(args) > 2 && args[0] == "streams":
		return streams(args[1:], out)
	case len(args) > 2 && args[0] == "record":
		return record(args[1:], out)
	}
	return errors.New("usage: peers bench < OUTPUT-OF-GO-TEST, peers load RESULT.json [RESULT.json], peers streams WITHOUT.json WITH.json [...], or peers record WITHOUT.json WITH.json [...]")
}
