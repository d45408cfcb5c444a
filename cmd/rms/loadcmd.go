package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"rms/cmd/rms/load"
)

var loadCommand = &command{
	name: "load", args: "SIP-URI --calls N [flags]", short: "place many calls at a SIP server and measure what comes back",
	long: `
Places concurrent calls with media at any SIP server, holds them, hangs up, and
prints answers by code, set-up times, packets, loss, the deviation of each packet
from its ptime (kernel timestamps), and with --pid the CPU and memory that each
call cost the server. The exit status is 0 when every call was answered and heard.

    rms load sip:loop@127.0.0.1 --calls 1000 --rate 200 --for 20s --pid $(pidof rms)`,
	run: runLoad,
}

func runLoad(ctx context.Context, c *command, args []string, stdout, _ io.Writer) error {
	var o load.Options
	var pids, headers list
	var bind string
	fs := c.flags(stdout)
	fs.IntVar(&o.Calls, "calls", 100, "concurrent `calls`")
	fs.Float64Var(&o.Rate, "rate", 50, "new calls per second")
	fs.DurationVar(&o.For, "for", 10*time.Second, "how long all calls stand together")
	fs.StringVar(&o.Codec, "codec", "PCMU", "PCMU, PCMA, G722, L16 or L16/16000")
	fs.DurationVar(&o.Ptime, "ptime", 20*time.Millisecond, "length of a packet")
	fs.StringVar(&o.Transport, "transport", "udp", "udp or tcp")
	fs.BoolVar(&o.TwoWay, "two-way", false, "also send a packet each ptime")
	fs.StringVar(&o.Proxy, "proxy", "", "`host:port` that requests go to first")
	fs.StringVar(&o.From, "from", "", "URI of the caller")
	fs.StringVar(&bind, "bind", "", "local `address`")
	fs.StringVar(&o.Ports, "rtp-ports", "30000-59999", "local RTP ports")
	fs.DurationVar(&o.Baseline, "baseline", 2*time.Second, "idle measuring before the first call")
	fs.Var(&headers, "header", "extra header field \"Name: value\"; may be given several times")
	fs.Var(&pids, "pid", "process `id` of the server, for CPU and memory; may be given several times")
	asJSON := fs.Bool("json", false, "print the result as JSON instead of a table")
	words, err := parse(fs, args)
	if err != nil {
		return notHelp(err)
	}
	if len(words) != 1 {
		return usageError{fmt.Errorf("which SIP-URI is called? For example sip:loop@127.0.0.1")}
	}
	o.Target, o.Headers = words[0], headers
	if bind != "" {
		if o.Bind, err = netip.ParseAddr(bind); err != nil {
			return usageError{fmt.Errorf("--bind: %w", err)}
		}
	}
	for _, p := range pids {
		n, err := strconv.Atoi(p)
		if err != nil {
			return usageError{fmt.Errorf("--pid %q is no process id", p)}
		}
		o.PIDs = append(o.PIDs, n)
	}
	return printLoad(ctx, o, *asJSON, stdout)
}

func printLoad(ctx context.Context, o load.Options, asJSON bool, stdout io.Writer) error {
	progress := stdout
	if asJSON {
		progress = io.Discard
	}
	res, err := load.Run(ctx, o, progress)
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(res)
	} else {
		err = res.Print(stdout)
	}
	if err != nil {
		return err
	}
	if !res.Passed() {
		return errQuiet
	}
	return nil
}

// list is a flag that may be given several times, or once with commas for values
// that have none themselves.
type list []string

func (l *list) String() string { return strings.Join(*l, ", ") }

func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}
