package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rms/config"
)

func TestMistakesSayWhereAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, yaml, want string }{
		{"unknown key", "sip:\n  listne: [udp://0.0.0.0:5060]\n", `:2:3: there is no key "listne"; did you mean "listen"; allowed: advertise, half_open, listen,`},
		{"unknown section", "spi:\n  listen: a\n", `:1:1: there is no section "spi"; did you mean "sip"; allowed: sip, call, rtp, media, script, stream, rst, audiosocket, http, esl, webhook, record, upload, log`},
		{"bad number", "sip:\n  max_calls: ten\n", `:2:14: sip.max_calls: "ten" is not a whole number; allowed: a whole number, from 1 to 1000000`},
		{"too small", "sip:\n  max_calls: 0\n", `:2:14: sip.max_calls: "0" is too small; allowed: a whole number, from 1`},
		{"no unit", "rtp:\n  timeout: 30\n", `:2:12: rtp.timeout: "30" has no unit; did you mean 30s; allowed: a duration such as 30s`},
		{"bad duration", "rtp:\n  timeout: soon\n", `"soon" is not a duration; allowed:`},
		{"size without unit", "media:\n  cache: 100\n", `:2:10: media.cache: "100" has no unit; allowed: a size such as`},
		{"size overflow", "media:\n  cache: 9999999999GiB\n", `is not a size`},
		{"bad word", "rtp:\n  latch: always\n", `:2:10: rtp.latch: "always" is not one of the words; allowed: one of nat, sdp, off`},
		{"bad bool", "log:\n  mask_digits: yes\n", `"yes" is neither true nor false; allowed: true or false`},
		{"bad address", "sip:\n  advertise: example.org\n", `"example.org" is not an IP address`},
		{"bad network", "sip:\n  trusted: [10.0.0.0/40]\n", `:2:13: sip.trusted: "10.0.0.0/40" is neither an IP address nor a network`},
		{"bad transport", "sip:\n  listen: [ws://1.2.3.4:5]\n", `"ws://1.2.3.4:5" does not begin with udp:// or tcp://`},
		{"bad endpoint", "sip:\n  listen: [udp://host:5060]\n", `"udp://host:5060" has no address and port after udp://`},
		{"twice in the list", "sip:\n  trusted: [::1, ::1]\n", `"::1" is in the list twice`},
		{"port range", "rtp:\n  ports: 10001-10002\n", `:2:10: rtp.ports: "10001-10002" holds no even port with the odd one above it; allowed: first and last port`},
		{"port range end", "rtp:\n  ports: 10000-70000\n", `"10000-70000" is not a range of ports`},
		{"one port", "rtp:\n  ports: 10000\n", `"10000" is not a range of ports`},
		{"low port", "rtp:\n  ports: 1000-2000\n", `"1000-2000" begins below port 1024`},
		{"jitter reversed", "rtp:\n  jitter: 200ms-20ms\n", `"200ms-20ms" is the wrong way round`},
		{"jitter bounds", "rtp:\n  jitter: 20ms-20s\n", `"20ms-20s" is too large; allowed: smallest and largest duration such as 20ms-200ms, from 10ms to 2s`},
		{"empty value", "rtp:\n  latch:\n", `no value; remove the line to get the default; allowed: one of nat, sdp, off`},
		{"empty list", "sip:\n  listen: []\n", `:2:11: sip.listen: the value is empty; allowed: a list`},
		{"list for a scalar", "rtp:\n  latch: [nat]\n", `:2:10: rtp.latch: a list stands where one value belongs`},
		{"mapping for a scalar", "rtp:\n  latch: {a: b}\n", `not a plain value; allowed: one of nat`},
		{"anchor", "rtp:\n  latch: &a nat\n", `anchors, aliases and tags of YAML are not used here`},
		{"scalar for a section", "rtp: nat\n", `:1:6: rtp: the section must hold keys`},
		{"text", "hello\n", `:1:1: the file must hold sections`},
		{"key twice", "rtp:\n  latch: nat\n  latch: off\n", `:3:3: mapping key "latch" already defined`},
		{"tab", "rtp:\n\tlatch: nat\n", `:2:`},
		{"unclosed", "sip:\n  listen: [a\nrtp:\n", `:`},
		{"two documents", "rtp:\n  latch: nat\n---\nrtp:\n  latch: off\n", `a second document begins here`},
		{"control character", "log:\n  file: \"a\\nb\"\n", `holds a control character`},
		{"place", "stream:\n  allow: [a.example, 'b c']\n", `:2:22: stream.allow: "b c" is no host, address or network; allowed: a list, each a host`},
		{"short address", "stream:\n  allow: 127.1\n", `:2:10: stream.allow: "127.1" is neither a name nor an address in full`},
		{"URL for a place", "stream:\n  allow:\n    - wss://asr.example/x\n", `:3:7: stream.allow: "wss://asr.example/x" is a URL; write its host, or host:port`},
		{"boolean variable", "stream:\n  STREAM_SUPPRESS_LOG: yes\n", `:2:24: stream.STREAM_SUPPRESS_LOG: "yes" is not one of the words; allowed: one of true, false`},
		{"frame length", "stream:\n  STREAM_BUFFER_SIZE: 50\n", `:2:23: stream.STREAM_BUFFER_SIZE: "50" is not a multiple of 20; allowed: a whole number, from 20 to 1000, a multiple of 20`},
		{"frame too long", "stream:\n  STREAM_BUFFER_SIZE: 1020\n", `"1020" is too large`},
		{"heart beat in words", "stream:\n  STREAM_HEART_BEAT: 20s\n", `:2:22: stream.STREAM_HEART_BEAT: "20s" is not a whole number; allowed: a whole number, from 0 to 86400, or empty for no pings`},
		{"headers that are no JSON", "stream:\n  STREAM_EXTRA_HEADERS: 'X-Key: a'\n", `:2:25: stream.STREAM_EXTRA_HEADERS: "X-Key: a" is not a JSON object of strings`},
		{"header that is no text", "stream:\n  STREAM_EXTRA_HEADERS: '{\"n\":1}'\n", `is not a JSON object of strings`},
		{"header that smuggles", "stream:\n  STREAM_EXTRA_HEADERS: '{\"n\":\"a\\r\\nb\"}'\n", `has an empty name or a control character`},
		{"headers as YAML", "stream:\n  STREAM_EXTRA_HEADERS: {X-Key: a}\n", `:2:25: stream.STREAM_EXTRA_HEADERS: not a plain value; allowed: a JSON object`},
		{"sample rate", "stream:\n  STREAM_SAMPLE_RATE: 44100\n", `"44100" is not a multiple of 8000`},
		{"certificate without key", "stream:\n  STREAM_TLS_CERT_FILE: c.pem\n", `:2: stream.STREAM_TLS_CERT_FILE: stands alone; a certificate needs its key: set stream.STREAM_TLS_KEY_FILE too`},
		{"key without certificate", "stream:\n  STREAM_TLS_KEY_FILE: k.pem\n", `:2: stream.STREAM_TLS_KEY_FILE: stands alone`},
		{"server without port", "rst:\n  server: 10.0.0.1\n", `:2:11: rst.server: "10.0.0.1" is not host:port; allowed: HOST:PORT`},
		{"network as a server", "rst:\n  server: 10.0.0.0/8\n", `"10.0.0.0/8" is not host:port`},
		{"third generation", "rst:\n  generation: 3\n", `:2:15: rst.generation: "3" is too large; allowed: a whole number, from 1 to 2`},
		{"alias with a bad address", "rst:\n  udp-server-ip: 10.0.0.1:5\n", `:2:18: rst.server: "10.0.0.1:5" is no host and no address; allowed: the host of HOST:PORT`},
		{"alias with a bad port", "rst:\n  udp-server-port: 70000\n", `:2:20: rst.server: "70000" is no port from 1 to 65535; allowed: the port of HOST:PORT`},
		{"alias without a value", "rst:\n  udp-server-port:\n", `no value; remove the line to get the default`},
		{"alias after its key", "rst:\n  server: a.example:1\n  udp-server-port: 2\n", `:3:3: rst.server: line 2 sets this already; "udp-server-port" is another name for it`},
		{"key after its alias", "rst:\n  udp-server-port: 2\n  server: a.example:1\n", `:3:3: rst.server: line 2 sets this already`},
		{"both names of one key", "rst:\n  write-hex: true\n  write_hex: true\n", `:3:3: rst.write_hex: line 2 sets this already`},
		{"alias elsewhere", "sip:\n  write-hex: true\n", `:2:3: there is no key "write-hex"`},
		{"listener without port", "audiosocket:\n  listen: 127.0.0.1\n", `:2:11: audiosocket.listen: "127.0.0.1" is no address and port; allowed: ADDRESS:PORT, or empty for not at all`},
		{"codec of the trap", "audiosocket:\n  payload: opus\n", `:2:12: audiosocket.payload: "opus" is not one of the words; allowed: one of slin, pcmu, pcma`},
		{"later key against earlier", "sip:\n  session_expires: 2m\n  min_se: 3m\n", `:2: sip.session_expires: 2m is shorter than sip.min_se (3m, from `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			name := file(t, tt.yaml)
			c, err := config.Load(config.Options{File: name})
			if err == nil || c != nil {
				t.Fatalf("accepted: %+v", c)
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), name) {
				t.Errorf("got  %s\nwant %s...%s", err, name, tt.want)
			}
			var p *config.Problem
			if !errors.As(err, &p) {
				t.Errorf("%T is no *Problem", err)
			}
		})
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Options{
		File:  file(t, "sip:\n  max_call: 1\nrtp:\n  latch: x\n"),
		Env:   []string{"RMS_LOG_LEVEL=loud"},
		Flags: map[string][]string{"media.cache": {"lots"}, "nonsense": {"1"}},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`"max_call"`, "rtp.latch", `RMS_LOG_LEVEL: log.level: "loud" is not one of the words; allowed: one of trace,`,
		`--media.cache: media.cache: "lots" is not a size`, "--nonsense: there is no such flag",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%s", want, err)
		}
	}
}

func TestMisspeltEnvironmentOnlyWarns(t *testing.T) {
	t.Parallel()
	c, err := config.Load(config.Options{Env: []string{"RMS_SIP_LISTN=x", "RMS_SERVICE_HOST=10.0.0.1"}})
	if err != nil || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "did you mean RMS_SIP_LISTEN") {
		t.Errorf("%v %q", err, c.Warnings)
	}
}

func TestFewPortsWarn(t *testing.T) {
	t.Parallel()
	c, err := config.Load(config.Options{Flags: map[string][]string{"rtp-ports": {"10000-10099"}}})
	if err != nil || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "holds 50 calls") {
		t.Errorf("%v %q", err, c.Warnings)
	}
}

func TestMissingFileSaysSo(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Options{File: "/no/such/rms.yaml"})
	if err == nil || err.Error() != `open configuration "/no/such/rms.yaml": no such file or directory` {
		t.Errorf("%v", err)
	}
	if _, err = config.Load(config.Options{File: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("directory: %v", err)
	}
	if _, err = config.Load(config.Options{File: file(t, strings.Repeat("# x\n", 300000))}); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("large file: %v", err)
	}
}

func TestOverlappingPortsWarn(t *testing.T) {
	t.Parallel()
	c, err := config.Load(config.Options{Flags: map[string][]string{"rst.ports": {"29000-29999"}}})
	if err != nil || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "rst.ports 29000-29999 overlaps rtp.ports 10000-29999") {
		t.Errorf("%v %q", err, c.Warnings)
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{"sip:\n  listen: [udp://0.0.0.0:5060]\n", "rtp: {latch: off, jitter: 20ms-1s}\n", "a: &b [*b]\n", "media:\n  cache: 1GiB\n  roots: |\n    x\n", "? [a]\n: b\n", "rst:\n  udp-server-ip: ::1\n  write-hex: true\n", "stream:\n  allow: ['[::1]:80', 10.0.0.0/8]\n  STREAM_EXTRA_HEADERS: '{}'\n"} {
		f.Add(s)
	}
	name := filepath.Join(f.TempDir(), "rms.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Options{File: name})
		if (c == nil) == (err == nil) {
			t.Fatalf("%v with %v", c, err)
		}
	})
}
