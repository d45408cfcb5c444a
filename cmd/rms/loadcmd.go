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

    rms load sip:loop@127.0.0.1 --calls 1000 --rate 200 --for 20s --pid $(pidof rms)

With --stream each call is asked, in header fields of its INVITE, to stream its
audio to this program; --stream-script prints the script that makes rms do so. A run
without --stream against the same script gives what the stream costs: the difference
of mcore and RSS per call. Connect times are from the 200 to the stream's handshake.
A stream is lost when it never connects, brings no audio or ends before its call.

With --two-way some callers (--stream-probes) send silence with a short pulse every
half second. The delay is from the sending of the RTP packet with the pulse to the
reading of the stream's message with it: it holds the server's jitter buffer, its
tick, its resampler, and this program's own wake-up, which a busy machine makes late.
Give the server a jitter buffer of a fixed depth (rms serve --rtp.jitter 20ms-20ms)
and the tool that depth (--stream-depth): the delay is shown with and without it.
Streams that are not probed are read five times a second, to leave the machine alone.

    rms load --stream-script > load.lua
    rms serve --script load.lua --rtp.jitter 20ms-20ms &
    rms load sip:x@127.0.0.1 --calls 500 --rate 100 --two-way --stream ws --pid $!

With --record each call is asked to be recorded, in a header field of its INVITE, by
the script that --record-script prints. With --record-dir the files are looked at
behind the last call: one for each call, as long and as large as its sidecar says, and
which gaps there are, from the network and from the disk.

    rms load --record-script > load.lua
    rms serve --script load.lua --record-root rec &
    rms load sip:x@127.0.0.1 --calls 500 --rate 100 --two-way --record stereo --record-dir rec --pid $!`,
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
	fs.StringVar(&o.Streams.Kind, "stream", "", "ask each call to stream to this program: ws or audiosocket")
	fs.StringVar(&o.Streams.URL, "stream-to", "", "`URL` to stream to instead, with %d for the number of the call: an rms sink, say. Connect time and delay are not measured")
	fs.StringVar(&o.Streams.Listen, "stream-listen", "127.0.0.1:0", "`address` where this program takes the streams")
	fs.IntVar(&o.Streams.Rate, "stream-rate", 8000, "sample rate of the streams in Hz")
	fs.StringVar(&o.Streams.Mix, "stream-mix", "mono", "mono, mixed or stereo")
	fs.IntVar(&o.Streams.Probes, "stream-probes", 20, "streams whose delay is measured; at most every fifth, and only with --two-way and mono")
	fs.DurationVar(&o.Streams.Depth, "stream-depth", 20*time.Millisecond, "of the server's jitter buffer")
	fs.IntVar(&o.Streams.Stalled, "stream-stall", 0, "`streams` that are not read while all calls stand")
	script := fs.Bool("stream-script", false, "print the script that makes rms stream as it is asked to, and end")
	fs.StringVar(&o.Recordings.Sides, "record", "", "ask the server to record each call: stereo, mixed, caller or callee")
	fs.StringVar(&o.Recordings.Dir, "record-dir", "", "the server's record.root, a `folder` of this machine: its sidecars and files are looked at behind the last call")
	recordScript := fs.Bool("record-script", false, "print the script that makes rms record as it is asked to, and end")
	fs.StringVar(&o.Doors.URL, "api", "", "`URL` of the server's HTTP API, for --verbs and --reload-every")
	fs.Float64Var(&o.Doors.Verbs, "verbs", 0, "uses of a verb over HTTP in a second, in the second half of the time that all calls stand")
	fs.DurationVar(&o.Doors.Reload, "reload-every", 0, "have the server load its script again this often, in the same half")
	asJSON := fs.Bool("json", false, "print the result as JSON instead of a table")
	words, err := parse(fs, args)
	if err != nil {
		return notHelp(err)
	}
	if *script {
		_, err = io.WriteString(stdout, load.StreamScript)
		return err
	}
	if *recordScript {
		_, err = io.WriteString(stdout, load.RecordScript)
		return err
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
