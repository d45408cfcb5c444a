package call

import (
	"fmt"
	"time"
)

func init() {
	Register(&Verb{
		Name: "stream_start",
		Doc: "Sends the call's audio, live, to a program outside, and plays what it sends back. The scheme of the URL chooses how: " +
			"`ws://` and `wss://` as mod_audio_stream does, `audiosocket://` as Asterisk does, `rst://` as mod_rst does. " +
			"Asked for before there is media, the stream begins with it. What a call does not say is taken from its STREAM_* variables, then from the configuration.",
		Result: "true; whether the target can be had is told by rms:stream_connect or rms:stream_error",
		Params: []Param{
			{Name: "url", Kind: String, Required: true, Doc: "ws://host/path, wss://host/path, audiosocket://host:port[/uuid], rst://host[:port]"},
			{Name: "name", Kind: String, Default: defaultStream, Doc: "of the stream: a call may have several"},
			{Name: "mix", Kind: String, Enum: []string{"mono", "mixed", "stereo"}, Doc: "mono: the caller; mixed: caller and callee added; stereo: caller left, callee right. Callee is what we send. mono when missing, stereo for rst"},
			{Name: "rate", Kind: Value, Unit: "Hz", Doc: "8000 to 48000, a multiple of 8000, or \"16k\"; 8000 when missing"},
			{Name: "metadata", Kind: String, Doc: "first text message to a websocket; ${from}, ${to}, ${call_id} and ${variable} are filled in"},
			{Name: "buffer", Kind: Int, Unit: "ms", Min: 20, Max: 1000, Doc: "audio in one frame, a multiple of 20 (STREAM_BUFFER_SIZE)"},
			{Name: "headers", Kind: Value, Doc: "header fields of the websocket handshake: a table, or its JSON (STREAM_EXTRA_HEADERS)"},
			{Name: "subprotocol", Kind: String, Doc: "of the websocket, several with commas"},
			{Name: "user", Kind: String, Doc: "for basic authentication"},
			{Name: "password", Kind: String, Doc: "for basic authentication"},
			{Name: "token", Kind: String, Doc: "for bearer authentication"},
			{Name: "proxy", Kind: String, Doc: "http://[user:password@]host:port, an HTTP proxy for the websocket"},
			{Name: "deflate", Kind: Bool, Doc: "offer permessage-deflate (STREAM_MESSAGE_DEFLATE=false)"},
			{Name: "heartbeat", Kind: Duration, Max: 86400, Doc: "between pings to a websocket; a missing pong ends the stream (STREAM_HEART_BEAT)"},
			{Name: "tls_ca", Kind: String, Doc: "file with certificates, SYSTEM, or NONE for no check (STREAM_TLS_CA_FILE)"},
			{Name: "tls_cert", Kind: String, Doc: "file with our certificate (STREAM_TLS_CERT_FILE)"},
			{Name: "tls_key", Kind: String, Doc: "file with its key (STREAM_TLS_KEY_FILE)"},
			{Name: "tls_skip_hostname", Kind: Bool, Doc: "do not compare the name in the server's certificate (STREAM_TLS_DISABLE_HOSTNAME_VALIDATION)"},
			{Name: "connect_timeout", Kind: Duration, Min: 0.1, Max: 60, Doc: "of one attempt; stream.connect_timeout when missing"},
			{Name: "retries", Kind: Int, Max: 1000, Doc: "attempts to connect again, at the start and after a connection that broke; stream.retries when missing"},
			{Name: "ring", Kind: Duration, Min: 0.02, Max: 30, Doc: "audio that waits while the far end is slow, before the oldest is dropped; stream.buffer when missing"},
			{Name: "playback", Kind: Bool, Doc: "play what the far end sends (STREAM_PLAYBACK); true when missing, but false with stream.compat g1 or g2"},
			{Name: "play_rate", Kind: Value, Unit: "Hz", Doc: "of binary frames that a websocket sends (STREAM_SAMPLE_RATE); the stream's rate when missing"},
			{Name: "playout_done", Kind: Bool, Default: false, Doc: "tell a websocket each time that all it sent was played: {\"type\":\"playoutDone\"}"},
			{Name: "suppress_log", Kind: Bool, Doc: "keep the far end's messages out of the log (STREAM_SUPPRESS_LOG)"},
			{Name: "hangup", Kind: Bool, Default: false, Doc: "hang up when the far end ends the stream, after what it sent was played"},
			{Name: "dialect", Kind: String, Enum: []string{"upstream", "fork"}, Doc: "of AudioSocket; when missing that of audiosocket.dialect, and with upstream there control messages of a fork are understood too"},
			{Name: "uuid", Kind: String, Doc: "that AudioSocket sends first; that of the URL, or the call's, when missing"},
			{Name: "generation", Kind: Int, Min: 1, Max: 2, Doc: "of RST; rst.generation when missing"},
			{Name: "framing", Kind: String, Enum: []string{"bare", "data", "rtp"}, Doc: "of RST generation 2; rst.framing when missing"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			kind, set, err := x.call.streamSettings(x, a)
			if err != nil {
				return nil, err
			}
			return nil, x.call.startStream(a.String("name"), kind, set)
		},
	})
}

// defaultStream is the name of a stream that was given none.
const defaultStream = "stream"

// flag returns a Bool argument, or otherwise when it was not given.
func (a Args) flag(name string, otherwise bool) bool {
	if a.Has(name) {
		return a.Bool(name)
	}
	return otherwise
}

// words returns a String argument, or otherwise when it was not given.
func (a Args) words(name, otherwise string) string {
	if a.Has(name) {
		return a.String(name)
	}
	return otherwise
}

// length returns a Duration argument, or otherwise when it was not given.
func (a Args) length(name string, otherwise time.Duration) time.Duration {
	if a.Has(name) {
		return a.Duration(name)
	}
	return otherwise
}

// number returns an Int argument, or otherwise when it was not given.
func (a Args) number(name string, otherwise int) int {
	if a.Has(name) {
		return a.Int(name)
	}
	return otherwise
}

func badParam(name string, err error) error {
	return &ArgError{Verb: "stream_start", Text: fmt.Sprintf("parameter %q: %s", name, err)}
}
