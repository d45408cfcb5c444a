package call

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"rms/media"
	"rms/media/filter"
	"rms/media/target"
	"rms/media/wire/audiostream"
)

const maxStreamName = 64

// streamSettings works out what rms_stream_start asks for: its arguments, then the
// call's STREAM_* variables, then the configuration.
func (c *Call) streamSettings(x *Exec, a Args) (*target.Scheme, *streamSettings, error) {
	o := &c.manager.opts.Streams
	if n := a.String("name"); n == "" || len(n) > maxStreamName {
		return nil, nil, badParam("name", fmt.Errorf("a name has 1 to %d bytes", maxStreamName))
	}
	u, err := url.Parse(a.String("url"))
	if err != nil {
		return nil, nil, badParam("url", errors.New("not a URL: "+cut(strconv.Quote(a.String("url")), 200)))
	}
	u.Scheme = strings.ToLower(u.Scheme)
	kind, ok := target.Lookup(u.Scheme)
	if !ok {
		return nil, nil, badParam("url", fmt.Errorf("%q begins with none of %s", cut(a.String("url"), 200), schemes()))
	}
	vars, warnings := audiostream.ParseVariables(c.streamVariable)
	for _, w := range warnings {
		c.warn().Str("stream", a.String("name")).Msg(w)
	}
	set := &streamSettings{
		buffer: a.length("ring", o.Buffer), connect: a.length("connect_timeout", o.ConnectTimeout),
		retries: a.number("retries", o.Retries), playback: a.flag("playback", playback(o, vars.Playback)),
		done: a.Bool("playout_done"), hangup: a.Bool("hangup"), quiet: a.flag("suppress_log", vars.SuppressLog),
	}
	if vars.NoReconnect && !a.Has("retries") {
		set.retries = 0
	}
	if !a.Has("ring") && kind.Ring > 0 {
		set.buffer = kind.Ring
	}
	if err := c.streamFormat(set, u, a, &vars); err != nil {
		return nil, nil, err
	}
	if err := c.streamTarget(set, u, a, &vars); err != nil {
		return nil, nil, err
	}
	set.target.Dial = x.dialer()
	if kind.Check != nil {
		if err := kind.Check(&set.target); err != nil {
			return nil, nil, &ArgError{Verb: "stream_start", Text: err.Error()}
		}
	}
	c.warnOf(a.String("name"), warnings)
	return kind, set, nil
}

func schemes() string {
	var out []string
	for _, s := range target.Schemes() {
		out = append(out, s+"://")
	}
	return strings.Join(out, ", ")
}

// playback tells whether audio of the far end is played when the verb does not say:
// the original left that to its application.
func playback(o *StreamOptions, set *bool) bool {
	if set != nil {
		return *set
	}
	return o.Compat == string(audiostream.Best)
}

// streamVariable returns a STREAM_* variable of the call, or of the configuration.
func (c *Call) streamVariable(name string) (string, bool) {
	if v, ok := c.vars.get(name); ok {
		return text(v), true
	}
	v, ok := c.manager.opts.Streams.Variables[name]
	return v, ok && v != ""
}

// warnOf tells the script of variables that could not be read.
func (c *Call) warnOf(stream string, warnings []string) {
	for _, w := range warnings {
		c.emit(&Event{Name: EventStreamError, Fields: []Field{
			{"name", stream}, {"code", int64(0)}, {"error", w}, {"http_status", int64(0)},
		}})
	}
}

func (c *Call) streamFormat(set *streamSettings, u *url.URL, a Args, vars *audiostream.Variables) error {
	mix := a.String("mix")
	if mix == "" {
		mix = "mono"
		if u.Scheme == "rst" {
			mix = "stereo"
		}
	}
	var err error
	if set.mix, err = filter.ParseMix(mix); err != nil {
		return badParam("mix", err)
	}
	rate, err := rateOf(a.Value("rate"), 8000, audiostream.ParseRate)
	if err != nil {
		return badParam("rate", err)
	}
	playRate, err := rateOf(a.Value("play_rate"), vars.SampleRate, audiostream.ParsePlayRate)
	if err != nil {
		return badParam("play_rate", err)
	}
	set.target.Format = media.Format{Rate: rate, Channels: set.mix.Channels()}
	set.target.PlayRate = playRate
	set.target.Frame = vars.Buffer
	if a.Has("buffer") {
		if a.Int("buffer")%20 != 0 {
			return badParam("buffer", fmt.Errorf("%d ms is not a multiple of 20 ms", a.Int("buffer")))
		}
		set.target.Frame = time.Duration(a.Int("buffer")) * time.Millisecond
	}
	return nil
}

// rateOf reads a sample rate that may be a number or a text such as "16k".
func rateOf(v any, otherwise int, parse func(string) (int, error)) (int, error) {
	switch t := v.(type) {
	case nil:
		return otherwise, nil
	case string:
		return parse(t)
	}
	if f, ok := toFloat(v); ok && f == float64(int(f)) {
		return parse(strconv.Itoa(int(f)))
	}
	return 0, errors.New("wants a rate in Hz, got " + describe(v))
}

func (c *Call) streamTarget(set *streamSettings, u *url.URL, a Args, vars *audiostream.Variables) error {
	o, t := &c.manager.opts.Streams, &set.target
	t.URL, t.Name, t.CallID = u, a.String("name"), c.id
	t.Caller, t.Callee = c.known("from"), c.callee()
	t.Metadata = c.expand(a.String("metadata"))
	t.User, t.Password, t.Token = a.String("user"), a.String("password"), a.String("token")
	t.Deflate = a.flag("deflate", vars.Deflate)
	t.Heartbeat = a.length("heartbeat", vars.HeartBeat)
	t.Compat = o.Compat
	t.TLS = target.TLS{
		CAFile: a.words("tls_ca", vars.CAFile), CertFile: a.words("tls_cert", vars.CertFile),
		KeyFile: a.words("tls_key", vars.KeyFile), SkipHostname: a.flag("tls_skip_hostname", vars.SkipHostname),
	}
	t.Dialect, t.UUID = a.words("dialect", o.Dialect), a.String("uuid")
	t.Generation, t.Framing = a.number("generation", o.RSTGeneration), a.words("framing", o.RSTFraming)
	t.Server, t.HexDir, t.InviteAfter, t.LocalPorts = o.RSTServer, o.RSTHexDir, o.RSTTimeout, o.RSTPorts
	if p := a.String("subprotocol"); p != "" {
		for _, name := range strings.Split(p, ",") {
			t.Subprotocol = append(t.Subprotocol, strings.TrimSpace(name))
		}
	}
	if p := a.String("proxy"); p != "" {
		proxy, err := url.Parse(p)
		if err != nil || proxy.Host == "" {
			return badParam("proxy", errors.New("not of the form http://host:port"))
		}
		t.Proxy = proxy
	}
	for _, h := range vars.Headers {
		t.Header = append(t.Header, target.HeaderField{Name: h.Name, Value: c.expandHeader(h.Value)})
	}
	if a.Has("headers") {
		var err error
		if t.Header, err = c.headers(a.Value("headers")); err != nil {
			return badParam("headers", err)
		}
	}
	return nil
}

// callee is the number that was dialled.
func (c *Call) callee() string {
	if c.dialog == nil {
		return ""
	}
	return infoOf(c.dialog.Invite()).RURIUser
}

// headers reads header fields from a table or from the JSON of one.
func (c *Call) headers(v any) ([]target.HeaderField, error) {
	table, ok := v.(map[string]any)
	if s, isText := v.(string); isText {
		if err := json.Unmarshal([]byte(s), &table); err != nil {
			return nil, fmt.Errorf("not a JSON object: %w", err)
		}
		ok = true
	}
	if !ok {
		return nil, errors.New("wants a table of names and texts, got " + describe(v))
	}
	var out []target.HeaderField
	for name, value := range table {
		s, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("%q is not a text but %s", cut(name, 100), describe(value))
		}
		out = append(out, target.HeaderField{Name: name, Value: c.expandHeader(s)})
	}
	sort.Slice(out, func(i, k int) bool { return out[i].Name < out[k].Name })
	return out, nil
}

// dialer returns the rule by which the door that a verb came through may connect.
func (x *Exec) dialer() *target.Dialer {
	o := &x.manager.opts.Streams
	if x.Origin == FromScript {
		return o.Scripts
	}
	return o.Remote
}
