package config_test

import (
	"bytes"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rms/config"
)

func TestDefaultsOfStreams(t *testing.T) {
	t.Parallel()
	c, err := config.Load(config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, r, a := c.Stream, c.RST, c.AudioSocket
	if len(s.Allow) != 0 || s.Scripts != "any" || s.Compat != "best" || s.TempDir != "" || s.Max != 8 || s.Retries != 0 {
		t.Errorf("stream = %+v", s)
	}
	if s.Buffer != 2*time.Second || s.ConnectTimeout != 5*time.Second || s.Playout != time.Minute {
		t.Errorf("stream = %+v", s)
	}
	if r.Server.String() != "127.0.0.1:9527" || r.Generation != 1 || r.Framing != "bare" || r.WriteHex || r.HexDir != "./nway/records" || r.AcceptDataWithoutInv {
		t.Errorf("rst = %+v", r)
	}
	if r.Inactivity != 30*time.Second || r.InvTimeout != 5*time.Second || r.Ports.Min != 30000 || r.Ports.Max != 30999 {
		t.Errorf("rst = %+v", r)
	}
	if a.Listen.IsValid() || a.Accept != "any" || a.Dialect != "upstream" || a.Payload != "slin" || a.MaxConnections != 2000 || a.PerSource != 1000 {
		t.Errorf("audiosocket = %+v", a)
	}
}

// The default of each variable is what mod_audio_stream does when it is not set.
func TestVariablesHaveTheDefaultsOfTheOriginal(t *testing.T) {
	t.Parallel()
	c, err := config.Load(config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"STREAM_SUPPRESS_LOG": "false", "STREAM_BUFFER_SIZE": "20", "STREAM_NO_RECONNECT": "false",
		"STREAM_TLS_CA_FILE": "SYSTEM", "STREAM_TLS_DISABLE_HOSTNAME_VALIDATION": "false",
	}
	if got := c.Stream.Variables(); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestVariablesTakeEveryName(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"STREAM_MESSAGE_DEFLATE": "false", "STREAM_HEART_BEAT": "15", "STREAM_SUPPRESS_LOG": "true", "STREAM_BUFFER_SIZE": "100",
		"STREAM_EXTRA_HEADERS": `{"X-A":"b, c"}`, "STREAM_NO_RECONNECT": "true", "STREAM_TLS_CA_FILE": "NONE", "STREAM_TLS_KEY_FILE": "k.pem",
		"STREAM_TLS_CERT_FILE": "c.pem", "STREAM_TLS_DISABLE_HOSTNAME_VALIDATION": "true", "STREAM_PLAYBACK": "true", "STREAM_SAMPLE_RATE": "16000",
	}
	text := "stream:\n"
	var env []string
	flags := map[string][]string{}
	for name, value := range want {
		text += "  " + name + ": '" + value + "'\n"
		env = append(env, "RMS_STREAM_"+name+"="+value)
		flags["stream."+name] = []string{value}
	}
	for where, o := range map[string]config.Options{"file": {File: file(t, text)}, "environment": {Env: env}, "flags": {Flags: flags}} {
		c, err := config.Load(o)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		if got := c.Stream.Variables(); !maps.Equal(got, want) {
			t.Errorf("%s: %v", where, got)
		}
	}
}

func TestVariableNamesThatDoNotExistAreRefused(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Options{File: file(t, "stream:\n  STREAM_HEARTBEAT: 5\n")})
	if err == nil || !strings.Contains(err.Error(), `:2:3: there is no key "STREAM_HEARTBEAT"; did you mean "STREAM_HEART_BEAT"; allowed: STREAM_BUFFER_SIZE,`) {
		t.Errorf("%v", err)
	}
	c, err := config.Load(config.Options{Env: []string{"RMS_STREAM_STREAM_HEARTBEAT=5"}})
	if err != nil || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "did you mean RMS_STREAM_STREAM_HEART_BEAT") {
		t.Errorf("%v %q", err, c.Warnings)
	}
}

func TestPlacesOfStreams(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]config.Options{
		"list":        {File: file(t, "stream:\n  allow: [ASR.example., 'asr.example:9000', 10.1.2.3/8, '[::1]:80', '::ffff:10.0.0.1']\n")},
		"environment": {Env: []string{"RMS_STREAM_ALLOW=asr.example, asr.example:9000,10.0.0.0/8,[::1]:80,10.0.0.1"}},
		"flag":        {Flags: map[string][]string{"stream.allow": {"asr.example,asr.example:9000", "10.0.0.0/8", "[::1]:80", "10.0.0.1"}}},
	} {
		c, err := config.Load(o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, p := range c.Stream.Allow {
			got = append(got, p.String())
		}
		if s := strings.Join(got, " "); s != "asr.example asr.example:9000 10.0.0.0/8 [::1]:80 10.0.0.1" {
			t.Errorf("%s: %s", name, s)
		}
	}
}

// The parameters of rst.conf.xml keep their names and their defaults.
func TestAliasesOfRSTConf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"rst:\n  udp-server-ip: 10.1.2.3\n":                                           "10.1.2.3:9527 false",
		"rst:\n  udp-server-port: 9000\n":                                             "127.0.0.1:9000 false",
		"rst:\n  udp-server-port: 9000\n  udp-server-ip: '::1'\n":                     "[::1]:9000 false",
		"rst:\n  udp-server-ip: rst.example\n  write-hex: true\n":                     "rst.example:9527 true",
		"rst:\n  server: rst.example:1\n  write-hex: 'false'\n":                       "rst.example:1 false",
		"rst: {udp-server-ip: \"10.1.2.3\", udp-server-port: \"1\", write-hex: true}": "10.1.2.3:1 true",
	} {
		c, err := config.Load(config.Options{File: file(t, text)})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := c.RST.Server.String() + map[bool]string{true: " true", false: " false"}[c.RST.WriteHex]; got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestAliasesLoseToEnvironmentAndFlags(t *testing.T) {
	t.Parallel()
	name := file(t, "rst:\n  udp-server-ip: 10.1.2.3\n  write-hex: true\n")
	c, err := config.Load(config.Options{File: name, Env: []string{"RMS_RST_WRITE_HEX=false"}, Flags: map[string][]string{"rst.server": {"a.example:5"}}})
	if err != nil || c.RST.Server.String() != "a.example:5" || c.RST.WriteHex {
		t.Errorf("%v %+v", err, c)
	}
	c, err = config.Load(config.Options{File: name})
	if err != nil || c.Origin("rst.server") != name+":2" || c.Origin("rst.write_hex") != name+":3" {
		t.Errorf("%v: from %s, %s", err, c.Origin("rst.server"), c.Origin("rst.write_hex"))
	}
}

func TestAudioSocketListener(t *testing.T) {
	t.Parallel()
	want := netip.MustParseAddrPort("127.0.0.1:9092")
	for name, o := range map[string]config.Options{
		"file":        {File: file(t, "audiosocket:\n  listen: 127.0.0.1:9092\n")},
		"environment": {Env: []string{"RMS_AUDIOSOCKET_LISTEN=127.0.0.1:9092"}},
		"flag":        {Flags: map[string][]string{"audiosocket.listen": {"127.0.0.1:9092"}}},
		"short flag":  {Flags: map[string][]string{"audiosocket": {"127.0.0.1:9092"}}},
		"off again":   {Env: []string{"RMS_AUDIOSOCKET_LISTEN=127.0.0.1:9092"}, Flags: map[string][]string{"audiosocket": {""}}},
	} {
		c, err := config.Load(o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if off := name == "off again"; off == c.AudioSocket.Listen.IsValid() || !off && c.AudioSocket.Listen != want {
			t.Errorf("%s: %v", name, c.AudioSocket.Listen)
		}
	}
}

func TestStreamsPrintAndReadBack(t *testing.T) {
	t.Parallel()
	text := "stream:\n  allow: ['[::1]:80', 10.0.0.0/8, a.example:9000]\n  STREAM_EXTRA_HEADERS: '{\"X-It''s\":\"b: c\"}'\n  STREAM_HEART_BEAT: 30\n" +
		"rst:\n  udp-server-ip: ::1\n  generation: 2\naudiosocket:\n  listen: '[::]:9092'\n"
	c, err := config.Load(config.Options{File: file(t, text)})
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := c.Print(&first); err != nil {
		t.Fatal(err)
	}
	again, err := config.Load(config.Options{File: file(t, first.String())})
	if err != nil {
		t.Fatalf("%v in:\n%s", err, first.String())
	}
	if err := again.Print(&second); err != nil || values(first.String()) != values(second.String()) {
		t.Errorf("%v: read back differently:\n%s\n%s", err, first.String(), second.String())
	}
	if again.RST.Server.String() != "[::1]:9527" || again.Stream.ExtraHeaders != `{"X-It's":"b: c"}` {
		t.Errorf("%+v", again)
	}
}

func TestDocumentNamesTheAliases(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := config.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"- also in the file: `udp-server-ip`, for its host alone\n", "- also in the file: `udp-server-port`, for its port alone\n",
		"- also in the file: `write-hex`, for this key\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q", want)
		}
	}
}
