package config_test

import (
	"bytes"
	"errors"
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

func TestMistakesSayWhereAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, yaml, want string }{
		{"unknown key", "sip:\n  listne: [udp://0.0.0.0:5060]\n", `:2:3: there is no key "listne"; did you mean "listen"; allowed: advertise, half_open, listen,`},
		{"unknown section", "spi:\n  listen: a\n", `:1:1: there is no section "spi"; did you mean "sip"; allowed: sip, call, rtp, media, script, log`},
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
	for _, want := range []string{`"max_call"`, "rtp.latch", `RMS_LOG_LEVEL: log.level: "loud" is not one of the words; allowed: one of trace,`,
		`--media.cache: media.cache: "lots" is not a size`, "--nonsense: there is no such flag"} {
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

func FuzzLoad(f *testing.F) {
	for _, s := range []string{"sip:\n  listen: [udp://0.0.0.0:5060]\n", "rtp: {latch: off, jitter: 20ms-1s}\n", "a: &b [*b]\n", "media:\n  cache: 1GiB\n  roots: |\n    x\n", "? [a]\n: b\n"} {
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
