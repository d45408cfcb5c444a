package target

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"rms/media"
	"rms/media/wire/audiostream"
)

// Limits of what a stream to a websocket may ask for.
const (
	wsFrameStep  = 20 * time.Millisecond // frames are multiples of it
	wsHeaderMost = 16 << 10              // bytes of extra header fields together
)

// websocketCheck finds what is wrong with the options and fills the defaults in.
func websocketCheck(o *Options) error {
	if o.URL == nil {
		return errors.New("stream without URL")
	}
	if _, err := audiostream.CheckURL(o.URL.String()); err != nil {
		return err
	}
	if err := wsCheckAudio(o); err != nil {
		return err
	}
	if err := wsCheckMetadata(o.Metadata); err != nil {
		return err
	}
	if err := wsCheckHeader(o.Header); err != nil {
		return err
	}
	if o.Heartbeat < 0 {
		return fmt.Errorf("heartbeat of %v", o.Heartbeat)
	}
	compat, err := audiostream.ParseCompat(o.Compat)
	if err != nil {
		return err
	}
	o.Compat = string(compat)
	return wsCheckAccess(o)
}

func wsCheckAudio(o *Options) error {
	f := o.Format
	if f.Rate%8000 != 0 || f.Rate < 8000 || f.Rate > 48000 {
		return fmt.Errorf("%w: %d Hz, allowed are multiples of 8000 from 8000 to 48000", media.ErrFormat, f.Rate)
	}
	if f.Channels != 1 && f.Channels != 2 {
		return fmt.Errorf("%w: %d channels, allowed are 1 and 2", media.ErrFormat, f.Channels)
	}
	if o.Frame == 0 {
		o.Frame = wsFrameStep
	}
	if o.Frame < wsFrameStep || o.Frame > audiostream.MaxBuffer || o.Frame%wsFrameStep != 0 {
		return fmt.Errorf("frame of %v: allowed are multiples of 20ms up to %v", o.Frame, audiostream.MaxBuffer)
	}
	if o.PlayRate == 0 {
		o.PlayRate = f.Rate
	}
	if o.PlayRate < 8000 || o.PlayRate > 192000 {
		return fmt.Errorf("%w: %d Hz from the server, allowed are 8000 to 192000", media.ErrFormat, o.PlayRate)
	}
	return nil
}

func wsCheckMetadata(text string) error {
	if len(text) > audiostream.MaxMetadata {
		return fmt.Errorf("metadata of %d bytes: allowed are %d", len(text), audiostream.MaxMetadata)
	}
	if at := invalidUTF8(text); at >= 0 {
		return fmt.Errorf("metadata: byte %d (0x%02x) is not UTF-8", at, text[at])
	}
	return nil
}

// invalidUTF8 returns where text stops being UTF-8 (RFC 3629), -1 for nowhere.
func invalidUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for at, r := range text {
		if _, n := utf8.DecodeRuneInString(text[at:]); r == utf8.RuneError && n == 1 {
			return at
		}
	}
	return -1
}

// wsOurHeaders are the fields that the handshake itself consists of, and those that
// concern one hop only (RFC 9110 section 7.6.1).
var wsOurHeaders = map[string]bool{
	"host": true, "upgrade": true, "connection": true, "keep-alive": true, "te": true, "trailer": true,
	"transfer-encoding": true, "content-length": true, "proxy-authorization": true, "proxy-connection": true,
	"proxy-authenticate": true, "expect": true,
}

func wsCheckHeader(fields []HeaderField) error {
	size := 0
	for i, f := range fields {
		lower := strings.ToLower(f.Name)
		switch at := invalidValue(f.Value); {
		case !isToken(f.Name):
			return fmt.Errorf("header %d: %q is no name of a field", i+1, f.Name)
		case wsOurHeaders[lower] || strings.HasPrefix(lower, "sec-websocket-"):
			return fmt.Errorf("header %d: %s is the handshake's own", i+1, f.Name)
		case at >= 0:
			return fmt.Errorf("header %d: byte %d (0x%02x) of the value of %s is not allowed", i+1, at, f.Value[at], f.Name)
		}
		if size += len(f.Name) + len(f.Value) + 4; size > wsHeaderMost {
			return fmt.Errorf("header %d: more than %d bytes of extra fields", i+1, wsHeaderMost)
		}
	}
	return nil
}

// isToken says whether s is a token of RFC 9110 section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		b := s[i]
		if (b|0x20 < 'a' || b|0x20 > 'z') && (b < '0' || b > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(b)) {
			return false
		}
	}
	return s != ""
}

// invalidValue returns where s holds a byte that the value of a field must not have
// (RFC 9110 section 5.5), -1 for nowhere.
func invalidValue(s string) int {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// wsCheckAccess checks how the stream says who it is, and its way out.
func wsCheckAccess(o *Options) error {
	for _, p := range o.Subprotocol {
		if !isToken(p) {
			return fmt.Errorf("sub-protocol %q is no token", p)
		}
	}
	switch {
	case o.User != "" && o.Token != "":
		return errors.New("both a user and a token: one authorization is allowed")
	case strings.Contains(o.User, ":") || invalidValue(o.User+o.Password) >= 0:
		return errors.New("user or password with a character that basic authentication cannot send")
	case invalidValue(o.Token) >= 0:
		return errors.New("token with a control character")
	}
	p := o.Proxy
	if p == nil {
		return nil
	}
	if p.Scheme != "http" || p.Hostname() == "" || p.Opaque != "" {
		return fmt.Errorf("proxy %s: want http://host:port", p.Redacted())
	}
	if name := p.User.Username(); strings.Contains(name, ":") {
		return errors.New("proxy: user with a colon")
	}
	return nil
}
