package sink

import (
	"errors"
	"fmt"
	"time"

	"rms/media/wire/audiosocket"
)

// Kinds of sinks.
const (
	RST         = "rst"
	AudioSocket = "audiosocket"
	Websocket   = "ws"
)

// Options say what is received and what is done with it. Kind is needed, the zero
// value of the others is their default.
type Options struct {
	Kind   string // RST, AudioSocket or Websocket
	Listen string // host:port; empty: 127.0.0.1 and the protocol's port
	Dir    string // folder of the files; empty: none are written
	Split  bool   // a file per side also of stereo
	// MaxStreams bounds the streams at a time; 0 is 1000. More are refused.
	MaxStreams int

	Echo  bool   // send the audio back as it came
	Play  string // WAV file that is sent once a stream is connected; "" none
	Burst bool   // send it all at once, not paced

	CloseAfter time.Duration // end each stream after this; 0: the peer does
	StallAfter time.Duration // stop reading so long after the start, once
	StallFor   time.Duration // for so long; 0 does not stop

	// Report learns of everything, on the goroutine of the stream: while it blocks
	// nothing more is read from that peer. nil: nobody wants to know.
	Report func(Event)

	WS  WSOptions
	AS  ASOptions
	RST RSTOptions
}

// WSOptions are those of a websocket sink.
type WSOptions struct {
	Subprotocol []string // that are taken; empty: the client's first
	Deflate     bool     // accept permessage-deflate, without context takeover
	Rate        int      // in Hz, when nothing in the stream says so; 0 is 8000
	Channels    int      // the same; 0 is 1
	Basic       string   // user:password that is asked for
	Token       string   // bearer token that is asked for
	TLSCert     string   // PEM file of the certificate chain: wss
	TLSKey      string   // PEM file of its key
	ClientCA    string   // PEM file: clients need a certificate signed by it
	CloseCode   int      // of our close; 0 is 1000; 1006 breaks the connection without one
	CloseReason string
	NoPong      bool // leave pings unanswered

	// StreamAudio sends Play as streamAudio messages instead of binary frames: "raw",
	// "pcmu" or "pcma" at the stream's rate, "file" for the file's own bytes.
	StreamAudio string
	Mark        []time.Duration // ask for a mark so long after the start, as jambonz does
	ClearMarks  []time.Duration // send clearMarks
	Clear       []time.Duration // send killAudio
}

// ASOptions are those of an AudioSocket sink.
type ASOptions struct {
	Dialect audiosocket.Dialect
	// Slin8 is what messages of type 0x10 hold: "slin", or "pcmu" or "pcma" for a
	// channel driver that has no codec set, which sends 160 bytes of those.
	Slin8 string
}

// RSTOptions are those of an RST sink.
type RSTOptions struct {
	Framing    string        // of generation 2: "bare", "data" or "rtp"
	Codec      string        // of bare payloads: "pcmu", "pcma" or "l16"
	Ports      [2]int        // range of the port pairs of generation 2; zero: 10000 to 20000
	Inactivity time.Duration // 0 is 30 s
	Raw        bool          // keep the payload as it came, in -R.pcm and -W.pcm
	NoWAV      bool
	Hex        bool   // keep the payload as text, in <uuid>_<caller>.hex and <uuid>_<callee>.hex
	CDRDir     string // folder of the call records; empty: none
	SaveRule   string // how files are called; "" is caller-callee-uuid
	NoAck      bool   // answer nothing
	// Unannounced takes DATA of a stream whose INV did not come.
	Unannounced bool
}

const defaultStreams = 1000

// Check fills the defaults in and says what is wrong. Start does it too.
func (o *Options) Check() error {
	if o.MaxStreams == 0 {
		o.MaxStreams = defaultStreams
	}
	if o.MaxStreams < 1 || o.MaxStreams > 100000 {
		return fmt.Errorf("at most %d streams: use 1 to 100000", o.MaxStreams)
	}
	if o.Report == nil {
		o.Report = func(Event) {}
	}
	if o.Echo && o.Play != "" {
		return errors.New("both echo and play: one of them is sent back")
	}
	if o.CloseAfter < 0 || o.StallAfter < 0 || o.StallFor < 0 {
		return errors.New("a time before the start")
	}
	switch o.Kind {
	case Websocket:
		return o.WS.check(o)
	case AudioSocket:
		return o.AS.check(o)
	case RST:
		return o.RST.check(o)
	}
	return fmt.Errorf("no sink is called %q: use rst, audiosocket or ws", o.Kind)
}

func (w *WSOptions) check(o *Options) error {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:9001"
	}
	if w.Rate == 0 {
		w.Rate = 8000
	}
	if w.Channels == 0 {
		w.Channels = 1
	}
	if w.CloseCode == 0 {
		w.CloseCode = 1000
	}
	code := w.CloseCode
	switch {
	case !usualRate(w.Rate):
		return fmt.Errorf("rate %d Hz: use a multiple of 8000 up to 192000, 11025, 12000, 22050 or 44100", w.Rate)
	case w.Channels != 1 && w.Channels != 2:
		return fmt.Errorf("%d channels: use 1 or 2", w.Channels)
	case code != 1006 && (code < 1000 || code > 4999 || code > 1014 && code < 3000 || code == 1004 || code == 1005):
		return fmt.Errorf("close code %d: use 1000 to 1003, 1006 for a broken connection, 1007 to 1014 or 3000 to 4999", code)
	case len(w.CloseReason) > 123:
		return errors.New("close reason: at most 123 bytes")
	case (w.TLSCert == "") != (w.TLSKey == ""):
		return errors.New("a TLS server needs both certificate and key")
	case w.ClientCA != "" && w.TLSCert == "":
		return errors.New("client certificates are for a TLS server: give it a certificate and a key")
	case w.StreamAudio != "" && o.Play == "":
		return errors.New("streamAudio of what? Give a file to play")
	}
	switch w.StreamAudio {
	case "", "raw", "pcmu", "pcma", "file":
		return nil
	}
	return fmt.Errorf("streamAudio %q: use raw, pcmu, pcma or file", w.StreamAudio)
}

func (a *ASOptions) check(o *Options) error {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:9019"
	}
	if a.Slin8 == "" {
		a.Slin8 = "slin"
	}
	switch a.Slin8 {
	case "slin", "pcmu", "pcma":
	default:
		return fmt.Errorf("messages of type 0x10 hold %q: use slin, pcmu or pcma", a.Slin8)
	}
	if o.Burst {
		return errors.New("a burst: AudioSocket peers play what comes at once, so it is always paced")
	}
	return nil
}

func (r *RSTOptions) check(o *Options) error {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:9527"
	}
	if o.Echo || o.Play != "" {
		return errors.New("echo and play: RST carries audio one way only, from the call to the sink")
	}
	if o.StallFor > 0 {
		return errors.New("stall: RST has no flow control that would notice; try without ACKs instead")
	}
	if r.Framing == "" {
		r.Framing = "bare"
	}
	if r.Codec == "" {
		r.Codec = "pcmu"
	}
	if r.Ports == [2]int{} {
		r.Ports = [2]int{10000, 20000}
	}
	if r.Inactivity == 0 {
		r.Inactivity = 30 * time.Second
	}
	switch {
	case r.Framing != "bare" && r.Framing != "data" && r.Framing != "rtp":
		return fmt.Errorf("framing %q: use bare, data or rtp", r.Framing)
	case r.Codec != "pcmu" && r.Codec != "pcma" && r.Codec != "l16":
		return fmt.Errorf("codec %q of bare payloads: use pcmu, pcma or l16", r.Codec)
	case r.Ports[0] < 1 || r.Ports[1] > 65535 || r.Ports[0]%2+r.Ports[0]+1 > r.Ports[1]:
		return fmt.Errorf("ports %d-%d: no pair of an even and an odd port is within 1 to 65535", r.Ports[0], r.Ports[1])
	case r.Inactivity < 0:
		return errors.New("inactivity: a time before the start")
	}
	return nil
}

// usualRate holds what a peer may say down to a few values, since a clip is kept for
// each of them.
func usualRate(rate int) bool {
	switch rate {
	case 11025, 12000, 22050, 44100:
		return true
	}
	return rate >= 8000 && rate <= 192000 && rate%8000 == 0
}
