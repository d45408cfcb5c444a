package config_test

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/config"
)

// file writes a configuration and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "rms.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	c, err := config.Load(config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("defaults warn: %q", c.Warnings)
	}
	if got := c.SIP.Listen[0].String() + " " + c.SIP.Listen[1].String(); got != "udp://0.0.0.0:5060 tcp://0.0.0.0:5060" {
		t.Errorf("sip.listen = %s", got)
	}
	if !c.SIP.Trusted[0].Contains(netip.MustParseAddr("127.0.0.5")) || !c.SIP.Trusted[1].Contains(netip.IPv6Loopback()) {
		t.Errorf("sip.trusted = %v", c.SIP.Trusted)
	}
	ints := map[string][2]int64{
		"new_calls": {int64(c.SIP.NewCallsPerSecond), 500}, "per_source": {int64(c.SIP.PerSource), 50},
		"max_calls": {int64(c.SIP.MaxCalls), 5000}, "half_open": {int64(c.SIP.HalfOpen), 1000},
		"session_expires": {int64(c.SIP.SessionExpires), int64(1800 * time.Second)}, "min_se": {int64(c.SIP.MinSE), int64(90 * time.Second)},
		"max_duration": {int64(c.Call.MaxDuration), int64(4 * time.Hour)}, "ring": {int64(c.Call.RingTimeout), int64(time.Minute)},
		"ports.min": {int64(c.RTP.Ports.Min), 10000}, "ports.max": {int64(c.RTP.Ports.Max), 29999}, "pairs": {int64(c.RTP.Ports.Pairs()), 10000},
		"timeout":    {int64(c.RTP.Timeout), int64(30 * time.Second)},
		"jitter.min": {int64(c.RTP.Jitter.Min), int64(20 * time.Millisecond)}, "jitter.max": {int64(c.RTP.Jitter.Max), int64(200 * time.Millisecond)},
		"cache": {int64(c.Media.Cache), 64 << 20}, "budget": {int64(c.Script.Budget), int64(50 * time.Millisecond)}, "memory": {int64(c.Script.Memory), 64 << 20},
	}
	for name, v := range ints {
		if v[0] != v[1] {
			t.Errorf("%s = %d, want %d", name, v[0], v[1])
		}
	}
	if c.RTP.Latch != "nat" || c.Log.Level != "info" || c.Log.Format != "auto" || c.Log.File != "stderr" || c.Log.MaskDigits {
		t.Errorf("latch %q, log %+v", c.RTP.Latch, c.Log)
	}
	if c.Media.Roots[0] != "./prompts" || c.Script.File != "" || c.SIP.Advertise.IsValid() {
		t.Errorf("roots %q, script %q, advertise %v", c.Media.Roots, c.Script.File, c.SIP.Advertise)
	}
}

func TestLaterSourceWins(t *testing.T) {
	t.Parallel()
	name := file(t, "sip:\n  max_calls: 10\n  half_open: 10\n  per_source: 10\n")
	c, err := config.Load(config.Options{
		File:  name,
		Env:   []string{"RMS_SIP_HALF_OPEN=20", "RMS_SIP_PER_SOURCE=20", "RMS_LOG_LEVEL=", "HOME=/"},
		Flags: map[string][]string{"sip.per_source": {"25", "30"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.SIP.NewCallsPerSecond != 500 || c.SIP.MaxCalls != 10 || c.SIP.HalfOpen != 20 || c.SIP.PerSource != 30 {
		t.Errorf("sip = %+v", c.SIP)
	}
	for path, want := range map[string]string{
		"sip.new_calls_per_second": "default", "sip.max_calls": name + ":2", "sip.half_open": "RMS_SIP_HALF_OPEN",
		"sip.per_source": "--sip.per_source", "log.level": "default", "no.key": "",
	} {
		if got := c.Origin(path); got != want {
			t.Errorf("Origin(%s) = %q, want %q", path, got, want)
		}
	}
}

func TestListsFromEverySource(t *testing.T) {
	t.Parallel()
	want := "udp://127.0.0.1:5070 tcp://[::1]:0"
	for name, o := range map[string]config.Options{
		"block":        {File: file(t, "sip:\n  listen:\n    - udp://127.0.0.1:5070\n    - tcp://[::1]:0\n")},
		"flow":         {File: file(t, "sip:\n  listen: ['udp://127.0.0.1:5070', 'tcp://[::1]:0']\n")},
		"commas":       {File: file(t, "\xef\xbb\xbfsip:\r\n  listen: 'UDP://127.0.0.1:5070, tcp://[::1]:0'\r\n")},
		"environment":  {Env: []string{"RMS_SIP_LISTEN=udp://127.0.0.1:5070,tcp://[::1]:0"}},
		"flag":         {Flags: map[string][]string{"listen": {"udp://127.0.0.1:5070,tcp://[::1]:0"}}},
		"flag, twice":  {Flags: map[string][]string{"listen": {"udp://127.0.0.1:5070", "tcp://[::1]:0"}}},
		"default port": {Flags: map[string][]string{"listen": {"udp://127.0.0.1:5070", "tcp://[::1]:0"}, "sip.trusted": {""}}},
	} {
		c, err := config.Load(o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := c.SIP.Listen[0].String() + " " + c.SIP.Listen[1].String(); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	c, err := config.Load(config.Options{Flags: map[string][]string{"listen": {"udp://::1", "tcp://10.0.0.1"}, "media-root": {""}}})
	if err != nil || c.SIP.Listen[0].String() != "udp://[::1]:5060" || c.SIP.Listen[1].String() != "tcp://10.0.0.1:5060" || len(c.Media.Roots) != 0 {
		t.Errorf("default port: %v %v", err, c)
	}
}

func TestEmptyFileIsTheDefault(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "---\n", "sip:\n  # listen: x\nrtp:\n"} {
		if _, err := config.Load(config.Options{File: file(t, text)}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPrintReadsBackAndNamesTheOrigin(t *testing.T) {
	t.Parallel()
	flags := map[string][]string{
		"listen": {"udp://[::1]:5061"}, "advertise": {"2001:db8::1"}, "media.roots": {"/a b/c'd: #e", "null"}, "script": {"x: y.lua"},
		"rtp.jitter": {"40ms-1s"}, "rtp.timeout": {"1h30m"}, "media.cache": {"1500000B"}, "log.mask_digits": {"true"}, "sip.trusted": {"10.1.2.3/8", "::1"},
	}
	c, err := config.Load(config.Options{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := c.Print(&first); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"From: --rtp.timeout.", "From: default.", "  timeout: 1h30m\n", "  cache: 1500000B\n", "  trusted: [10.0.0.0/8, '::1/128']\n", "  file: 'x: y.lua'\n"} {
		if !strings.Contains(first.String(), want) {
			t.Errorf("no %q in:\n%s", want, first.String())
		}
	}
	name := file(t, first.String())
	c2, err := config.Load(config.Options{File: name})
	if err != nil {
		t.Fatalf("%v in:\n%s", err, first.String())
	}
	if err := c2.Print(&second); err != nil {
		t.Fatal(err)
	}
	if a, b := values(first.String()), values(second.String()); a != b {
		t.Errorf("read back differently:\n%s\n%s", a, b)
	}
}

// values drops the comments of a printed configuration.
func values(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

func TestDocumentIsGenerated(t *testing.T) {
	t.Parallel()
	var want bytes.Buffer
	if err := config.Markdown(&want); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../docs/config.md")
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("docs/config.md differs from the table (%v); run go generate ./config", err)
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range config.Keys() {
		if k.Doc == "" || !strings.HasSuffix(k.Doc, ".") || k.Type == "" || k.Allowed == "" || k.Default == "" && k.Empty == "" {
			t.Errorf("incomplete: %+v", k)
		}
		for _, name := range []string{k.Flag, k.Env, k.Short} {
			if seen[name] && name != "" {
				t.Errorf("%s twice", name)
			}
			seen[name] = true
		}
	}
}

func TestFlagsOfTheStandardPackage(t *testing.T) {
	t.Parallel()
	fs := flag.NewFlagSet("rms", flag.ContinueOnError)
	given := config.Register(fs)
	args := []string{"--listen", "udp://127.0.0.1:0", "--rtp.ports=20000-20099", "--log.mask_digits", "--sip.max_calls", "50", "--listen", "tcp://127.0.0.1:0"}
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Options{Flags: given})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.SIP.Listen) != 2 || c.RTP.Ports.Min != 20000 || !c.Log.MaskDigits || c.SIP.MaxCalls != 50 {
		t.Errorf("%+v", c)
	}
}
