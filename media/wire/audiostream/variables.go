package audiostream

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// HeaderField is one header field of the handshake.
type HeaderField struct{ Name, Value string }

// Variables is what the channel variables STREAM_* say, read once at the start of a
// stream.
type Variables struct {
	Deflate     bool          // offer permessage-deflate
	HeartBeat   time.Duration // between pings, whole seconds; 0 is none
	SuppressLog bool          // do not log what the server sends; events come all the same
	Buffer      time.Duration // audio per binary frame: 20 ms to 1 s, a multiple of 20 ms
	Headers     []HeaderField // for the handshake, in the order that they were written
	NoReconnect bool

	CAFile       string // path, "SYSTEM" or "" for the system's, "NONE" for no check
	KeyFile      string // "" is none
	CertFile     string // "" is none
	SkipHostname bool

	Playback   *bool // play what the server sends; nil when not set
	SampleRate int   // in Hz, of binary frames from the server; 0 when not set
}

// Bounds of STREAM_BUFFER_SIZE and STREAM_HEART_BEAT.
const (
	DefaultBuffer = 20 * time.Millisecond
	MaxBuffer     = time.Second
	MaxHeartBeat  = 24 * time.Hour
)

// ParseVariables reads the channel variables that get returns. What is wrong in
// them does not keep a stream from starting: the default takes its place, and a
// warning says so.
func ParseVariables(get func(name string) (string, bool)) (Variables, []string) {
	r := reader{get: get}
	v := Variables{
		Deflate:      r.off("STREAM_MESSAGE_DEFLATE"),
		HeartBeat:    r.heartBeat(),
		SuppressLog:  r.on("STREAM_SUPPRESS_LOG"),
		Buffer:       r.buffer(),
		Headers:      r.headers(),
		NoReconnect:  r.on("STREAM_NO_RECONNECT"),
		CAFile:       r.file("STREAM_TLS_CA_FILE"),
		KeyFile:      r.file("STREAM_TLS_KEY_FILE"),
		CertFile:     r.file("STREAM_TLS_CERT_FILE"),
		SkipHostname: r.on("STREAM_TLS_DISABLE_HOSTNAME_VALIDATION"),
		SampleRate:   r.sampleRate(),
	}
	if v.KeyFile == "NONE" {
		v.KeyFile = ""
	}
	if v.CertFile == "NONE" {
		v.CertFile = ""
	}
	if s := r.text("STREAM_PLAYBACK"); s != "" {
		on := isTrue(s)
		v.Playback = &on
	}
	return v, r.warnings
}

// reader reads variables and collects what is wrong in them.
type reader struct {
	get      func(name string) (string, bool)
	warnings []string
}

func (r *reader) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

func (r *reader) text(name string) string {
	s, _ := r.get(name)
	return strings.TrimSpace(s)
}

func (r *reader) on(name string) bool { return isTrue(r.text(name)) }

// off reports whether a variable is there and false.
func (r *reader) off(name string) bool {
	switch strings.ToLower(r.text(name)) {
	case "0", "no", "off", "false", "f", "disabled", "inactive", "disallow":
		return true
	}
	return false
}

// isTrue takes the words that FreeSWITCH takes for true, and numbers but 0.
func isTrue(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "on", "true", "t", "enabled", "active", "allow":
		return true
	}
	n, err := strconv.Atoi(s)
	return err == nil && n != 0
}

func (r *reader) heartBeat() time.Duration {
	s := r.text("STREAM_HEART_BEAT")
	if s == "" || s == "0" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 32)
	d := time.Duration(n) * time.Second
	if err != nil || d > MaxHeartBeat {
		r.warn("STREAM_HEART_BEAT %q: allowed are 1 to %d seconds; none is sent", s, int(MaxHeartBeat.Seconds()))
		return 0
	}
	return d
}

func (r *reader) buffer() time.Duration {
	s := r.text("STREAM_BUFFER_SIZE")
	if s == "" {
		return DefaultBuffer
	}
	n, err := strconv.ParseUint(s, 10, 32)
	d := time.Duration(n) * time.Millisecond
	switch {
	case err != nil || d < DefaultBuffer || d%DefaultBuffer != 0:
		r.warn("STREAM_BUFFER_SIZE %q: allowed are multiples of 20 ms; 20 is used", s)
		return DefaultBuffer
	case d > MaxBuffer:
		r.warn("STREAM_BUFFER_SIZE %q: %d ms are used, the most", s, MaxBuffer.Milliseconds())
		return MaxBuffer
	}
	return d
}

// file reads a path, or one of the words SYSTEM and NONE.
func (r *reader) file(name string) string {
	s := r.text(name)
	switch word := strings.ToUpper(s); word {
	case "SYSTEM", "NONE":
		return word
	}
	if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' }) {
		r.warn("%s %q: not a path", name, s)
		return ""
	}
	return s
}

func (r *reader) sampleRate() int {
	s := r.text("STREAM_SAMPLE_RATE")
	if s == "" {
		return 0
	}
	n, err := ParsePlayRate(s)
	if err != nil {
		r.warn("STREAM_SAMPLE_RATE: %s", err)
	}
	return n
}
