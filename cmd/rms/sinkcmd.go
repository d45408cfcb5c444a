package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"rms/cmd/rms/sink"
	"rms/config"
	"rms/media/wire/audiosocket"
)

var sinkCommand = &command{
	name: "sink", args: "rst|audiosocket|ws [flags]", short: "receive streams: WAV files, levels, gaps, echo",
	long: `
The far end of a stream, to try one with no other program: takes many at once, writes
a WAV file of each into --dir, prints a line when one starts and ends and, on a
terminal, a table with levels. Ctrl-C ends all files properly.

    rms sink ws                             on ws://127.0.0.1:9001/, any path
    rms sink ws --rate 16000 --channels 2   for clients that do not say what they send
    rms sink audiosocket --echo             on 127.0.0.1:9019, the caller hears himself
    rms sink rst --raw --cdr-dir cdr        on 127.0.0.1:9527, in place of udp_server

Then, in five lines, a call whose audio arrives there:

    rms sink ws --dir heard --channels 2 &
    echo 'event_route["rms:start"] = function(call)' > s.lua
    echo '  rms_stream_start{url = "ws://127.0.0.1:9001/a", mix = "stereo"}; rms_play("welcome.wav") end' >> s.lua
    rms serve --script s.lua --listen udp://127.0.0.1:5070 &
    rms call sip:demo@127.0.0.1:5070 --for 3s && ls heard

Sending audio to the caller:

    rms sink ws --play hello.wav                  binary frames, 20 ms apart
    rms sink ws --play hello.wav --stream-audio   one streamAudio message
    rms sink audiosocket --play hello.wav

Being a bad server, to see that calls do not suffer:

    rms sink ws --stall-after 5s --stall-for 60s  stop reading for a minute
    rms sink ws --close-after 3s --close-code 1011
    rms sink ws --basic user:secret               401 without it

For programs: --json prints an object a line (listen, start, format, text, digit,
problem, refused, stop, summary); stop has frames, bytes, seconds, max_gap_ms,
p99_gap_ms and a level for each side. --dir "" writes no files.`,
	run: runSink,
}

// sinkFlags are what the command line says.
type sinkFlags struct {
	o                   sink.Options
	dialect, ports      string
	config, subprotocol string
	rms                 string
	quiet, json, ascii  bool
	mark, clear, forget durations
}

func runSink(ctx context.Context, c *command, args []string, stdout, stderr io.Writer) error {
	var f sinkFlags
	fs := c.flags(stdout)
	f.common(fs)
	f.ws(fs)
	f.others(fs)
	words, err := parse(fs, args)
	if err != nil {
		return notHelp(err)
	}
	if len(words) != 1 {
		return usageError{errors.New("which sink? Give one of rst, audiosocket and ws")}
	}
	f.o.Kind = words[0]
	if err := f.options(fs); err != nil {
		return usageError{err}
	}
	return f.receive(ctx, stdout, stderr)
}

func (f *sinkFlags) common(fs *flag.FlagSet) {
	fs.StringVar(&f.o.Listen, "listen", "", "`host:port`; empty: 127.0.0.1 and 9001 (ws), 9019 (audiosocket), 9527 (rst)")
	fs.StringVar(&f.o.Dir, "dir", "sink", "`folder` of the files; empty: none are written")
	fs.BoolVar(&f.o.Split, "split", false, "a WAV file for each side of stereo")
	fs.IntVar(&f.o.MaxStreams, "max-streams", 1000, "`streams` at a time")
	fs.BoolVar(&f.o.Echo, "echo", false, "send the audio back (ws, audiosocket)")
	fs.StringVar(&f.o.Play, "play", "", "WAV `file` that each stream gets once it is connected (ws, audiosocket)")
	fs.BoolVar(&f.o.Burst, "burst", false, "send it all at once (ws)")
	fs.DurationVar(&f.o.CloseAfter, "close-after", 0, "end each stream after this")
	fs.DurationVar(&f.o.StallAfter, "stall-after", 0, "with --stall-for: how long after its start a stream is not read")
	fs.DurationVar(&f.o.StallFor, "stall-for", 0, "stop reading each stream for this, once (ws, audiosocket)")
	fs.BoolVar(&f.quiet, "quiet", false, "lines only, no table")
	fs.BoolVar(&f.json, "json", false, "one JSON object a line")
	fs.BoolVar(&f.ascii, "ascii", false, "table without Unicode")
}

func (f *sinkFlags) ws(fs *flag.FlagSet) {
	w := &f.o.WS
	fs.IntVar(&w.Rate, "rate", 8000, "ws: sample rate in `Hz`, unless URL (?rate=16000&mix=stereo) or metadata say it")
	fs.IntVar(&w.Channels, "channels", 1, "ws: 1, or 2 for stereo, the same way")
	fs.StringVar(&f.subprotocol, "subprotocol", "", "ws: `names` that are accepted, with commas; empty: the client's first")
	fs.BoolVar(&w.Deflate, "deflate", false, "ws: accept permessage-deflate, without context takeover")
	fs.StringVar(&w.Basic, "basic", "", "ws: ask for this `user:password`")
	fs.StringVar(&w.Token, "token", "", "ws: ask for this bearer token")
	fs.StringVar(&w.TLSCert, "tls-cert", "", "ws: PEM `file` of the certificate, for wss")
	fs.StringVar(&w.TLSKey, "tls-key", "", "ws: PEM `file` of its key")
	fs.StringVar(&w.ClientCA, "client-ca", "", "ws: PEM `file` of the CA that clients' certificates must be signed by")
	fs.IntVar(&w.CloseCode, "close-code", 1000, "ws: code of our close; 1006 breaks the connection")
	fs.StringVar(&w.CloseReason, "close-reason", "", "ws: reason of our close")
	fs.BoolVar(&w.NoPong, "no-pong", false, "ws: leave pings unanswered")
	fs.Var((*audioKind)(&w.StreamAudio), "stream-audio", "ws: send --play as streamAudio messages; =pcmu, =pcma or =file (wav, mp3, ogg unchanged) instead of raw")
	fs.Var(&f.mark, "mark", "ws: ask for a mark after `500ms[,1s...]`, as jambonz does")
	fs.Var(&f.forget, "clear-marks", "ws: send clearMarks after `500ms[,1s...]`")
	fs.Var(&f.clear, "clear", "ws: send killAudio after `500ms[,1s...]`")
}

func (f *sinkFlags) others(fs *flag.FlagSet) {
	fs.StringVar(&f.dialect, "dialect", "upstream", "audiosocket: upstream or fork")
	fs.StringVar(&f.o.AS.Slin8, "slin8", "slin", "audiosocket: what messages of type 0x10 hold: slin, or pcmu or pcma from a channel without c(slin)")
	r := &f.o.RST
	fs.StringVar(&r.Framing, "framing", "bare", "rst: bare, data or rtp on the port pairs of generation 2")
	fs.StringVar(&r.Codec, "codec", "pcmu", "rst: of bare payloads: pcmu, pcma or l16")
	fs.StringVar(&f.ports, "ports", "10000-20000", "rst: `range` of the port pairs of generation 2")
	fs.DurationVar(&r.Inactivity, "inactivity", 30*time.Second, "rst: end a stream that nothing comes of for this")
	fs.BoolVar(&r.Raw, "raw", false, "rst: also keep the payload as it came, in -R.pcm and -W.pcm")
	fs.BoolVar(&r.NoWAV, "no-wav", false, "rst: no WAV files")
	fs.BoolVar(&r.Hex, "write-hex", false, "rst: also keep the payload as text, in .hex files")
	fs.StringVar(&r.CDRDir, "cdr-dir", "", "rst: `folder` of the call records; empty: none")
	fs.StringVar(&r.SaveRule, "save-rule", "", "rst: how files are called; empty: caller-callee-uuid. With .pcm at its end --raw is meant")
	fs.BoolVar(&r.Unannounced, "accept-data-without-inv", false, "rst: take DATA of a stream whose INV did not come")
	fs.BoolVar(&r.NoAck, "no-ack", false, "rst: answer nothing")
	fs.StringVar(&f.rms, "c", os.Getenv(envFile), "rst: configuration `file` of rms, for rst.inactivity and rst.accept_data_without_inv; flags win over it")
	fs.StringVar(&f.config, "config", "", "rst: config `file` of udp_server; flags win over it")
}

// options turns words of the command line into those of the sink.
func (f *sinkFlags) options(fs *flag.FlagSet) error {
	if err := f.receiver(fs); err != nil {
		return err
	}
	if f.config != "" {
		if err := f.configured(fs); err != nil {
			return err
		}
	}
	var err error
	if f.o.AS.Dialect, err = audiosocket.ParseDialect(f.dialect); err != nil {
		return err
	}
	low, high, ok := strings.Cut(f.ports, "-")
	r := &f.o.RST
	if r.Ports[0], err = strconv.Atoi(low); err == nil && ok {
		r.Ports[1], err = strconv.Atoi(high)
	}
	if err != nil || !ok {
		return fmt.Errorf("--ports %q: write it as 10000-20000", f.ports)
	}
	r.Raw = r.Raw || strings.HasSuffix(r.SaveRule, ".pcm")
	if f.subprotocol != "" {
		for name := range strings.SplitSeq(f.subprotocol, ",") {
			f.o.WS.Subprotocol = append(f.o.WS.Subprotocol, strings.TrimSpace(name))
		}
	}
	f.o.WS.Mark, f.o.WS.Clear, f.o.WS.ClearMarks = f.mark, f.clear, f.forget
	if err := f.fits(fs); err != nil {
		return err
	}
	return f.o.Check()
}

// fits refuses flags that the kind of sink would silently leave out.
func (f *sinkFlags) fits(fs *flag.FlagSet) error {
	var err error
	fs.Visit(func(g *flag.Flag) {
		if kind, _, only := strings.Cut(g.Usage, ": "); only && err == nil && kind != f.o.Kind && isSink(kind) && isSink(f.o.Kind) {
			err = fmt.Errorf("--%s is for rms sink %s", g.Name, kind)
		}
	})
	return err
}

func isSink(name string) bool {
	return name == sink.RST || name == sink.AudioSocket || name == sink.Websocket
}

// configured sets the flags that the command line left out.
func (f *sinkFlags) configured(fs *flag.FlagSet) error {
	values, err := sink.ReadRSTConfig(f.config)
	if err != nil {
		return err
	}
	given := map[string]bool{}
	fs.Visit(func(g *flag.Flag) { given[g.Name] = true })
	for name, value := range values {
		if given[name] {
			continue
		}
		if err := fs.Set(name, value); err != nil {
			return fmt.Errorf("%s: %w", f.config, err)
		}
	}
	return nil
}

// receiver takes what the configuration of rms says about receivers of RST, where the
// command line does not.
func (f *sinkFlags) receiver(fs *flag.FlagSet) error {
	if f.o.Kind != sink.RST {
		return nil
	}
	cfg, err := config.Load(config.Options{File: f.rms, Env: os.Environ()})
	if err != nil {
		return err
	}
	given := map[string]bool{}
	fs.Visit(func(g *flag.Flag) { given[g.Name] = true })
	if r := &f.o.RST; !given["inactivity"] {
		r.Inactivity = cfg.RST.Inactivity
	}
	if r := &f.o.RST; !given["accept-data-without-inv"] {
		r.Unannounced = cfg.RST.AcceptDataWithoutInv
	}
	return nil
}

// closeMost is how long the far ends have for their goodbyes.
const closeMost = 8 * time.Second

// receive runs the sink until ctx ends.
func (f *sinkFlags) receive(ctx context.Context, stdout, _ io.Writer) error {
	console := sink.ConsoleOptions{Out: stdout, JSON: f.json, ASCII: f.ascii}
	if file, ok := stdout.(*os.File); ok && isatty.IsTerminal(file.Fd()) && !f.json && !f.quiet {
		console.Table, console.Size = true, sink.TerminalSize(file)
	}
	screen := sink.NewConsole(console)
	defer screen.Close()
	f.o.Report = screen.Report
	s, err := sink.Start(f.o)
	if err != nil {
		return err
	}
	screen.Watch(s)
	<-ctx.Done()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeMost)
	defer cancel()
	return s.Close(closing)
}

// durations is a flag of several durations.
type durations []time.Duration

func (d *durations) String() string {
	var texts []string
	for _, v := range *d {
		texts = append(texts, v.String())
	}
	return strings.Join(texts, ",")
}

func (d *durations) Set(s string) error {
	for text := range strings.SplitSeq(s, ",") {
		v, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil {
			return fmt.Errorf("%q is no duration as in 500ms", text)
		}
		*d = append(*d, v)
	}
	return nil
}

// audioKind is a flag that may stand alone.
type audioKind string

func (k *audioKind) String() string   { return string(*k) }
func (k *audioKind) IsBoolFlag() bool { return true }

func (k *audioKind) Set(s string) error {
	if s == "true" {
		s = "raw"
	}
	*k = audioKind(s)
	return nil
}
