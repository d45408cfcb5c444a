package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"rms/cmd/rms/phone"
)

var callCommand = &command{
	name: "call", args: "SIP-URI [flags]", short: "call somebody: a small softphone that shows what happens",
	long: `
Places a call, speaks a WAV file or silence, listens, prints a ladder of the SIP
exchange and a verdict: codec, packets, loss, jitter, level and dominant frequency
of what was heard. The exit status is 0 only if audio was heard.

    rms call sip:welcome@127.0.0.1 --save heard.wav
    rms call sip:ivr@10.0.0.1:5060 --mic hello.wav --digits 12# --for 20s
    rms call --options sip:127.0.0.1     is a server alive? (exit status 0 when it is)`,
	run: runCall,
}

func runCall(ctx context.Context, c *command, args []string, stdout, _ io.Writer) error {
	var o phone.Options
	var headers list
	fs := c.flags(stdout)
	fs.StringVar(&o.Mic, "mic", "", "WAV `file` that is spoken; empty: silence")
	fs.StringVar(&o.Save, "save", "", "WAV `file` that takes what is heard")
	fs.DurationVar(&o.For, "for", 5*time.Second, "hang up so long after the answer; -1s: when the far end does")
	fs.StringVar(&o.Digits, "digits", "", "keys that are pressed after the answer: 0-9 * # A-D")
	fs.StringVar(&o.Codec, "codec", "", "one or more of PCMU, PCMA, G722, L16 with commas; empty: all")
	fs.DurationVar(&o.Ptime, "ptime", 20*time.Millisecond, "length of a packet")
	fs.StringVar(&o.From, "from", "", "our `URI`")
	fs.StringVar(&o.Proxy, "proxy", "", "`host:port` that the call goes to first")
	fs.StringVar(&o.Transport, "transport", "", "udp or tcp; empty: what the URI says, else udp")
	fs.StringVar(&o.User, "user", "", "user for a digest challenge")
	fs.StringVar(&o.Password, "password", "", "password for a digest challenge")
	fs.DurationVar(&o.Ring, "ring", 30*time.Second, "give up ringing after this")
	fs.BoolVar(&o.ASCII, "ascii", false, "ladder without Unicode")
	fs.BoolVar(&o.Trace, "trace", false, "print every SIP message in full")
	fs.Var(&headers, "header", "extra header field \"Name: value\"; may be given several times")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	options := fs.Bool("options", false, "only send OPTIONS and say whether an answer came")
	words, err := parse(fs, args)
	if err != nil {
		return notHelp(err)
	}
	if len(words) != 1 {
		return usageError{errors.New("who is called? Give one SIP-URI, for example sip:welcome@127.0.0.1")}
	}
	o.To, o.Headers = words[0], headers
	if *options {
		return ping(ctx, o.To, stdout)
	}
	return printCall(ctx, o, *asJSON, stdout)
}

// pingTimeout is how long an OPTIONS may stay unanswered.
const pingTimeout = 3 * time.Second

func ping(ctx context.Context, uri string, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	answer, err := phone.Ping(ctx, uri)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, answer)
	return nil
}

func printCall(ctx context.Context, o phone.Options, asJSON bool, stdout io.Writer) error {
	show := stdout
	if asJSON {
		show = io.Discard
	}
	res, err := phone.Run(ctx, o, show)
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
	if err == nil && !res.Heard {
		err = errQuiet
	}
	return err
}
