// Package target sends a call's audio, live, to programs outside: speech
// recognisers, voice bots, recorders. Each scheme of URL is a target, in files of
// its own, that registers itself:
//
//	rst://host:port          datagrams of mod_rst            rst*.go
//	audiosocket://host:port  Asterisk's AudioSocket over TCP audiosocket*.go
//	ws://host/path, wss://   frames of mod_audio_stream      websocket*.go
//
// The smallest example:
//
//	s, _ := target.Lookup("ws")
//	conn, err := s.Open(ctx, &target.Options{URL: u, Format: media.Format{Rate: 8000, Channels: 1}})
//	go conn.Serve(handler)
//	err = conn.Write(&media.Frame{PCM: pcm, Format: format}) // blocks as long as the far end does
//	ended := conn.Finish(ctx, "bye")
package target

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"sort"
	"time"

	"rms/media"
)

// Scheme is one kind of target. A file of this package registers it.
type Scheme struct {
	Names []string // of URLs, lower case: "ws", "wss"
	Doc   string   // one line, for docs and help

	// Ring bounds the audio that waits while the far end is slow; 0 is what the
	// server's configuration says (stream.buffer). Datagrams want little.
	Ring time.Duration
	// Check finds what is wrong with the options before anything is dialled, and
	// fills in what the scheme decides: a default address, the only Format it can send.
	Check func(o *Options) error
	// Open connects, and says and awaits whatever comes before the audio. It returns
	// within ctx, with a *ConnectError when the far end cannot be had.
	Open func(ctx context.Context, o *Options) (Conn, error)
}

// Conn is one live connection to a far end. Write, Text, Digit and Finish may be
// called from different goroutines; Serve has one of its own.
type Conn interface {
	// Write sends PCM in Options.Format; the target cuts it into frames of
	// Options.Frame and keeps the rest for the next. A frame that is Lost says that
	// Samples per channel were dropped before it. It blocks as long as the far end
	// does, until Close.
	Write(f *media.Frame) error
	// Text sends one text message; ErrNoText where the protocol has none.
	Text(ctx context.Context, text string) error
	// Digit tells the far end of a key that the caller pressed; nil and nothing sent
	// where protocol and dialect have no message for it.
	Digit(digit byte, duration time.Duration) error
	// Serve reads what the far end sends and hands it to h until the connection ends
	// from either side, and returns how. It is called once, after Open.
	Serve(h Handler) Ended
	// Finish sends what Write kept, then text unless it is empty, then goodbye as the
	// protocol has it, awaits the far end's until ctx ends, and closes.
	Finish(ctx context.Context, text string) Ended
	// Close breaks off: Write, Text and Serve return soon. It may come twice.
	Close() error
	// Stats returns the counters; any goroutine may ask.
	Stats() Stats
}

// Handler takes what the far end sends, on the goroutine of Serve. Audio and Clip
// may block: while they do nothing more is read, which is the back-pressure that a
// far end feels.
type Handler interface {
	// Audio is PCM of one channel for the caller. An error means that the stream is over.
	Audio(pcm []int16, rate int) error
	// Clip is a piece of audio in a container or codec that came with a message, for
	// the caller, with the rest of its message.
	Clip(c Clip) error
	// Text is a message that is for the application.
	Text(text string)
	// Mark wants an event when the audio sent so far has been played.
	Mark(name string)
	// Clear drops the audio that waits to be played; marks too when marks is true.
	Clear(marks bool)
	// Digit is a key that the far end wants played to the caller.
	Digit(digit byte, duration time.Duration)
	// Control is a signal of the dialect, in words: "answer", "ringing", "busy".
	Control(signal string)
	// Problem is something that went wrong and that the stream survives. The code is
	// one of the Code constants, 0 for none.
	Problem(code int, text string)
}

// Clip is audio that came inside a message (streamAudio, playAudio).
type Clip struct {
	Kind string // raw, wav, mp3, ogg, pcmu, pcma
	Rate int    // in Hz, of raw, pcmu and pcma; 0 when the container says
	Data []byte // belongs to the handler
	Body string // the JSON of "data" without the audio, for the play event: other keys kept, in order
	Text string // the whole message, for when the audio turns out to be none
}

// Options say where a stream goes and how. The zero value of a field is its
// default. Which ones a scheme uses is in docs/streaming.md.
type Options struct {
	URL    *url.URL
	Name   string // of the stream
	CallID string // UUID of the call
	Caller string // user part of From
	Callee string // user part of the request URI

	Format media.Format  // of what Write gets: 8000 to 48000 Hz; 1 channel, or 2: left caller, right callee
	Frame  time.Duration // length of a frame on the wire; 0 is 20 ms
	Codec  media.Codec   // of the call's leg when the stream began

	// Websocket.
	Metadata    string // first text message; none when empty
	Header      []HeaderField
	Subprotocol []string
	User        string // basic authentication
	Password    string
	Token       string        // bearer authentication
	Proxy       *url.URL      // http://[user:password@]host:port for CONNECT
	Deflate     bool          // offer permessage-deflate without context takeover
	Heartbeat   time.Duration // between pings; 0 is none
	TLS         TLS
	PlayRate    int    // of binary frames from the far end; 0 is Format.Rate
	Compat      string // "best", "g1" or "g2"

	// AudioSocket.
	Dialect string // "upstream" or "fork"
	UUID    string // sent first; "" is CallID

	// RST.
	Generation  int           // 1 or 2
	Framing     string        // generation 2: "bare", "data" or "rtp"
	Server      string        // host:port where the URL names none
	HexDir      string        // folder of the hex dumps (write-hex); "" is none
	LocalPorts  [2]int        // range of local ports of generation 2; zero: 20000 to 29999
	InviteAfter time.Duration // give up when no ACK came (generation 2); 0 is 5 s

	// Dial connects; nil is a Dialer without rules.
	Dial *Dialer
	// StallTimeout breaks a Write off that took this long; 0 is never.
	StallTimeout time.Duration
}

// HeaderField is one header field of the websocket handshake.
type HeaderField struct{ Name, Value string }

// TLS says how a wss:// server is checked.
type TLS struct {
	CAFile       string // PEM file, "SYSTEM" or "" for the system's, "NONE" for no check at all
	CertFile     string // client certificate, PEM
	KeyFile      string
	SkipHostname bool // do not compare the name in the certificate
}

// Stats count what went over a connection.
type Stats struct {
	FramesOut, BytesOut uint64
	FramesIn, BytesIn   uint64
	TextOut, TextIn     uint64
	Dropped             uint64 // frames and datagrams of ours that could not be sent
	Ignored             uint64 // messages of the far end that mean nothing here
	Malformed           uint64
}

// Codes of the error event of mod_audio_stream (libwsc), for every scheme.
const (
	CodeIO            = 1
	CodeInvalidHeader = 2
	CodeServerMasked  = 3
	CodeNotSupported  = 4
	CodePingTimeout   = 5
	CodeConnectFailed = 6
	CodeTLSInit       = 7
	CodeTLSHandshake  = 8
	CodeTLS           = 9
	CodeTimeout       = 10
	CodeProtocol      = 11
)

// ConnectError says why a far end could not be had.
type ConnectError struct {
	Code       int    // one of the Code constants
	Text       string // as in "Connection refused (system error 111)"
	HTTPStatus int    // of the answer to the handshake, 0 without one
	StatusLine string // of that answer: "HTTP/1.1 403 Forbidden"
	Final      bool   // trying again would not help
	Err        error  // what happened, for the log
}

// Error returns what went wrong, for people.
func (e *ConnectError) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	return e.Text
}

// Said returns what went wrong in the words of mod_audio_stream, as events have it.
func (e *ConnectError) Said() string {
	if e.Text != "" {
		return e.Text
	}
	return e.Error()
}

// Unwrap returns what happened.
func (e *ConnectError) Unwrap() error { return e.Err }

// Who ended a connection, in Ended.By.
const (
	ByLocal   = "local"   // Finish or Close
	ByRemote  = "remote"  // the far end said goodbye
	ByTimeout = "timeout" // no pong, no ACK, a message that was not completed
	ByError   = "error"   // the connection broke
)

// Ended says how a connection ended.
type Ended struct {
	By     string
	Code   int    // close code of a websocket (RFC 6455 section 7.4); 1000 and 1006 where a protocol has none
	Reason string // "Normal closure"
	// Error is one of the Code constants when there is an error to report before the
	// end, 0 when there is none; Text is what it says.
	Error int
	Text  string
	// Hangup: the far end's goodbye asks for the end of the call, as AudioSocket's does.
	Hangup bool
	// Again: the stream may be opened anew (not after a clean goodbye).
	Again bool
}

// Errors of a Conn.
var (
	// ErrNoText says that the protocol has no text messages.
	ErrNoText = errors.New("this kind of target has no text messages")
	// ErrClosed says that the connection was closed from our side.
	ErrClosed = errors.New("the stream is closed")
)

// Dialled returns the address that c is connected to, the zero AddrPort when it
// does not say.
func Dialled(c Conn) netip.AddrPort {
	if a, ok := c.(interface{ Remote() netip.AddrPort }); ok {
		return a.Remote()
	}
	return netip.AddrPort{}
}

var schemes = map[string]*Scheme{}

// Register adds a kind of target. It is called from init of the scheme's own file
// and panics when a name is taken, which is a programming mistake.
func Register(s *Scheme) {
	for _, n := range s.Names {
		if schemes[n] != nil {
			panic("target: scheme registered twice: " + n) //nolint:forbidigo // found at start
		}
		schemes[n] = s
	}
}

// Lookup finds the target for a scheme of URL, in lower case.
func Lookup(scheme string) (*Scheme, bool) {
	s, ok := schemes[scheme]
	return s, ok
}

// Schemes lists the names that are known, sorted.
func Schemes() []string {
	var out []string
	for n := range schemes {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}
