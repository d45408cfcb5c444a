package place_test

import (
	"net/netip"
	"strings"
	"testing"

	"rms/config/place"
)

func TestParseReadsEveryForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"asr.example":             "asr.example",
		"ASR.Example.":            "asr.example",
		"asr_1.example:9000":      "asr_1.example:9000",
		"localhost":               "localhost",
		"3com.example":            "3com.example",
		"0x.example":              "0x.example",
		"10.0.0.1":                "10.0.0.1",
		"10.0.0.1:80":             "10.0.0.1:80",
		"10.0.0.1/8":              "10.0.0.0/8",
		"10.0.0.1/32":             "10.0.0.1",
		"::1":                     "::1",
		"[::1]":                   "::1",
		"[::1]:80":                "[::1]:80",
		"2001:DB8::/32":           "2001:db8::/32",
		"::ffff:10.0.0.1":         "10.0.0.1",
		"[::ffff:10.0.0.1]:80":    "10.0.0.1:80",
		"::ffff:10.0.0.0/104":     "10.0.0.0/8",
		"0.0.0.0/0":               "0.0.0.0/0",
		strings.Repeat("a", 63):   strings.Repeat("a", 63),
		"xn--bcher-kva.example:1": "xn--bcher-kva.example:1",
	} {
		p, err := place.Parse(text)
		if err != nil || p.String() != want {
			t.Errorf("%q: %q, %v; want %q", text, p, err, want)
		}
	}
}

func TestParseRefusesWhatIsNoPlace(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", ".", "a b", "a..b", ".a", "-a.example", "a-.example", "a:0", "a:", "a:65536", "a:080", "a:+80", "a:x", "a:1:2", "*", "*.example",
		"127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "0x", "a.0x1f", "99999999999999999999",
		"10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0.0/8:80", "a.example/8", "::ffff:0.0.0.0/95", "fe80::1%eth0", "fe80::%a/10", "[10.0.0.1]", "[::1", "::1]", "[a]:1",
		"[::1]80", "[::1]:", "[[::1]]", "ws://a", "ws://a:1/x", "user@a", "a\x00b", "a\nb", "bücher.example", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a",
	} {
		if p, err := place.Parse(text); err == nil {
			t.Errorf("%q is taken for %q", text, p)
		} else if len(text) < 20 && !strings.HasPrefix(err.Error(), `"`) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestParseHostPortNeedsBoth(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a", "10.0.0.1", "10.0.0.0/8", "10.0.0.1/32", ":80", "[::1]", "::1"} {
		if p, err := place.ParseHostPort(text); err == nil {
			t.Errorf("%q is taken for %q", text, p)
		}
	}
	p, err := place.ParseHostPort("[::1]:80")
	if err != nil || p.Host() != "::1" || p.Port != 80 {
		t.Errorf("%+v %v", p, err)
	}
}

func TestNamesComparesNameAddressAndPort(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddrPort("10.0.0.1:80")
	for text, want := range map[string]bool{
		"a.example": true, "a.example:80": true, "a.example:81": false, "b.example": false, "10.0.0.1": true, "10.0.0.1:81": false,
		"10.0.0.0/8": true, "11.0.0.0/8": false, "0.0.0.0/0": true, "::/0": false,
	} {
		p, err := place.Parse(text)
		if err != nil || p.Names("A.Example.", addr) != want {
			t.Errorf("%q: %v, %v", text, !want, err)
		}
	}
	mapped := netip.MustParseAddrPort("[::ffff:10.0.0.1]:80")
	if p, _ := place.Parse("10.0.0.1"); !p.Names("x", mapped) {
		t.Error("an IPv4 address in IPv6 form is not taken for itself")
	}
}

// What Parse takes, String writes so that it is read back the same, and a name never
// is an address in disguise.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a.example:80", "10.0.0.0/8", "[::1]:80", "::ffff:1.2.3.4", "0x7f000001", "127.1", "[fe80::1%25eth0]:1", "ws://a/", "::/0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := place.Parse(text)
		if err != nil {
			return
		}
		again, err := place.Parse(p.String())
		if err != nil || again != p {
			t.Fatalf("%q: %+v, read back as %+v, %v", text, p, again, err)
		}
		if (p.Name == "") != p.Net.IsValid() {
			t.Fatalf("%q: %+v", text, p)
		}
		if last := p.Name[strings.LastIndexByte(p.Name, '.')+1:]; p.Name != "" && strings.Trim(last, "0123456789") == "" {
			t.Fatalf("%q is a name that ends in a number", text)
		}
		if p.Net.IsValid() && p.Net.Addr().Is4In6() {
			t.Fatalf("%q: %v", text, p.Net)
		}
	})
}
