package target_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"rms/media"
	"rms/media/target"
)

func wsCheck(change func(o *target.Options)) (*target.Options, error) {
	o := &target.Options{
		URL:    &url.URL{Scheme: "ws", Host: "bot.example", Path: "/in"},
		Format: media.Format{Rate: 8000, Channels: 1},
	}
	change(o)
	s, _ := target.Lookup("wss")
	return o, s.Check(o)
}

func TestWebsocketCheckFillsDefaultsIn(t *testing.T) {
	t.Parallel()
	o, err := wsCheck(func(o *target.Options) { o.Format.Rate = 16000 })
	if err != nil || o.Frame != 20*time.Millisecond || o.PlayRate != 16000 || o.Compat != "best" {
		t.Errorf("%v: frame %v, play rate %d, compat %q", err, o.Frame, o.PlayRate, o.Compat)
	}
}

func TestWebsocketCheckOfURL(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 4096)
	for text, good := range map[string]bool{
		"ws://a": true, "wss://a.example:8443/x?y=z": true, "WS://A.example": true, "Wss://a": true,
		"ws://under_score.example": true, "ws://[2001:db8::1]:80/": true, "ws://127.0.0.1:1": true,
		"ws://a-b.c/": true, ("ws://a/" + long)[:4096]: true,
		"http://a": false, "ws:a": false, "ws://": false, "ws://user@a": false, "ws://user:secret@a": false,
		"ws://a:0/": false, "ws://a:65536": false, "ws://a%20b": false, "ws://ä.example": false,
		("ws://a/" + long)[:4097]: false, "ws://[fe80::1%25eth0]/": false, "ws://a!b/": false,
	} {
		u, err := url.Parse(text)
		if err == nil {
			_, err = wsCheck(func(o *target.Options) { o.URL = u })
		}
		if (err == nil) != good {
			t.Errorf("%.60s: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestWebsocketCheckOfAudio(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	for _, c := range []struct {
		rate, channels int
		frame          time.Duration
		play           int
		good           bool
	}{
		{8000, 1, 0, 0, true},
		{16000, 2, 20 * ms, 0, true},
		{24000, 1, 100 * ms, 0, true},
		{32000, 1, 60 * ms, 0, true},
		{40000, 1, 0, 0, true},
		{48000, 2, 1000 * ms, 44100, true},
		{0, 1, 0, 0, false},
		{11025, 1, 0, 0, false},
		{12000, 1, 0, 0, false},
		{56000, 1, 0, 0, false},
		{8000, 0, 0, 0, false},
		{8000, 3, 0, 0, false},
		{8000, 1, 50 * ms, 0, false},
		{8000, 1, 10 * ms, 0, false},
		{8000, 1, 1020 * ms, 0, false},
		{8000, 1, -20 * ms, 0, false},
		{8000, 1, 0, 7999, false},
		{8000, 1, 0, 192001, false},
	} {
		_, err := wsCheck(func(o *target.Options) {
			o.Format = media.Format{Rate: c.rate, Channels: c.channels}
			o.Frame, o.PlayRate = c.frame, c.play
		})
		if (err == nil) != c.good {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := wsCheck(func(o *target.Options) { o.Format.Rate = 11025 }); !errors.Is(err, media.ErrFormat) {
		t.Errorf("%v does not wrap ErrFormat", err)
	}
}

func TestWebsocketCheckSaysWhereMetadataIsNoUTF8(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain \u00e4 \U0001f600":     "",
		strings.Repeat("x", 8192):     "",
		strings.Repeat("x", 8193):     "metadata of 8193 bytes: allowed are 8192",
		"abc\xff":                     "metadata: byte 3 (0xff) is not UTF-8",
		"overlong \xc0\xaf":           "metadata: byte 9 (0xc0) is not UTF-8",
		"surrogate \xed\xa0\x80":      "metadata: byte 10 (0xed) is not UTF-8",
		"beyond \xf4\x90\x80\x80":     "metadata: byte 7 (0xf4) is not UTF-8",
		"\ufffd is a letter \xe2\x82": "metadata: byte 16 (0xe2) is not UTF-8",
	} {
		_, err := wsCheck(func(o *target.Options) { o.Metadata = text })
		if got := wsWords(err); got != want {
			t.Errorf("%.20q: %q, want %q", text, got, want)
		}
	}
}

func wsWords(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestWebsocketCheckSaysWhatIsWrongWithHeaders(t *testing.T) {
	t.Parallel()
	ok := target.HeaderField{Name: "X-A", Value: "1"}
	for _, c := range []struct {
		name, value, want string
	}{
		{"X-B", "two words\tand \u00fc", ""},
		{"Authorization", "Bearer zz", ""},
		{"Origin", "https://elsewhere", ""},
		{"", "x", `header 2: "" is no name of a field`},
		{"X B", "x", `header 2: "X B" is no name of a field`},
		{"X:", "x", `header 2: "X:" is no name of a field`},
		{"X-B", "a\r\nHost: b", "header 2: byte 1 (0x0d) of the value of X-B is not allowed"},
		{"X-B", "a\x00", "header 2: byte 1 (0x00) of the value of X-B is not allowed"},
		{"host", "x", "header 2: host is the handshake's own"},
		{"Connection", "x", "header 2: Connection is the handshake's own"},
		{"Upgrade", "x", "header 2: Upgrade is the handshake's own"},
		{"Transfer-Encoding", "x", "header 2: Transfer-Encoding is the handshake's own"},
		{"Content-Length", "9", "header 2: Content-Length is the handshake's own"},
		{"SEC-WEBSOCKET-key", "x", "header 2: SEC-WEBSOCKET-key is the handshake's own"},
		{"X-Long", strings.Repeat("x", 16<<10), "header 2: more than 16384 bytes of extra fields"},
	} {
		_, err := wsCheck(func(o *target.Options) {
			o.Header = []target.HeaderField{ok, {Name: c.name, Value: c.value}}
		})
		if got := wsWords(err); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWebsocketCheckOfAccess(t *testing.T) {
	t.Parallel()
	proxy := func(text string) func(o *target.Options) {
		return func(o *target.Options) { o.Proxy, _ = url.Parse(text) }
	}
	for name, c := range map[string]struct {
		change func(o *target.Options)
		good   bool
	}{
		"basic":              {func(o *target.Options) { o.User, o.Password = "u", "p:q" }, true},
		"bearer":             {func(o *target.Options) { o.Token = "abc.def" }, true},
		"both":               {func(o *target.Options) { o.User, o.Token = "u", "t" }, false},
		"colon in user":      {func(o *target.Options) { o.User = "u:v" }, false},
		"break in token":     {func(o *target.Options) { o.Token = "a\nb" }, false},
		"break in password":  {func(o *target.Options) { o.User, o.Password = "u", "a\rb" }, false},
		"sub-protocol":       {func(o *target.Options) { o.Subprotocol = []string{"audio.drachtio.org"} }, true},
		"bad sub-protocol":   {func(o *target.Options) { o.Subprotocol = []string{"a,b"} }, false},
		"proxy":              {proxy("http://u:p@127.0.0.1:3128"), true},
		"proxy over TLS":     {proxy("https://127.0.0.1:3128"), false},
		"proxy without host": {proxy("http://"), false},
		"socks proxy":        {proxy("socks5://127.0.0.1:1080"), false},
		"compat g1":          {func(o *target.Options) { o.Compat = "g1" }, true},
		"compat g3":          {func(o *target.Options) { o.Compat = "g3" }, false},
		"heartbeat":          {func(o *target.Options) { o.Heartbeat = -1 }, false},
		"no URL":             {func(o *target.Options) { o.URL = nil }, false},
	} {
		if _, err := wsCheck(c.change); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
