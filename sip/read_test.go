package sip

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const oddButValid = "OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bKa;x=\"b;c\" ; rport,\r\n SIP/2.0/UDP [::1] ; branch=z9hG4bKb\r\n" +
	"f: \"A \\\"B\\\"\" <sip:a@b;p=;p=1>;x=\"a;tag=evil\" ; TAG = good\r\nt: sip:c@d\r\ni: id@h\r\nCSeq: 0009 OPTIONS\r\n" +
	"Record-Route: <sip:p;lr=on;lr>;q=\"1\",<SIP:p2;lr>\r\nm: sip:a@b;expires=1\r\nX-Other : v\r\nl: 003\r\n\r\nabc"

func valid(t *testing.T, text string) *draft {
	t.Helper()
	d := parse(text)
	if d == nil {
		t.Fatal("no SIP")
	}
	if no := d.check(); no != nil {
		t.Fatalf("refused: %v", no)
	}
	return d
}

func TestReadingKeepsEveryByteOfEveryHeader(t *testing.T) {
	u := &UA{o: Options{}.withDefaults()}
	d := valid(t, oddButValid)
	m := u.read(d)
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq", "Record-Route", "Contact", "X-Other"} {
		if got, want := m.all(name), d.all(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if m.fromTag() != "good" || m.cseq() != 9 || string(m.body()) != "abc" || m.uri != "sip:h" {
		t.Errorf("tag %q, CSeq %d, body %q, URI %q", m.fromTag(), m.cseq(), m.body(), m.uri)
	}
	if n := u.count.ownReading.Load(); n != 0 {
		t.Errorf("%d messages not read by the parser", n)
	}
}

func TestValidTortureMessagesAreReadByTheParser(t *testing.T) {
	files, err := filepath.Glob("testdata/rfc*/*.dat")
	if err != nil {
		t.Fatal(err)
	}
	u, read := &UA{o: Options{}.withDefaults()}, 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d := parse(string(text))
		if d == nil || d.check() != nil {
			continue
		}
		m := u.read(d)
		read++
		if m.callID() != d.callID() || m.cseq() != d.cseq || m.method() != d.method || string(m.body()) != d.body {
			t.Errorf("%s: read otherwise", name)
		}
	}
	if n := u.count.ownReading.Load(); n > 0 || read < 20 {
		t.Errorf("%d of %d not read by the parser", n, read)
	}
}

func TestWhatTheParserRefusesIsReadAndCounted(t *testing.T) {
	u := &UA{o: Options{}.withDefaults()}
	d := valid(t, "OPTIONS sip:[@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\n"+
		"To: <sip:c@d>\r\nCall-ID: id\r\nCSeq: 1 OPTIONS\r\nContent-Type:\r\nContent-Length: 0\r\n\r\n")
	m := u.read(d)
	if m.uri != "sip:[@h" || m.callID() != "id" || m.cseq() != 1 || m.value("Content-Length") != "0" {
		t.Errorf("read %+v", m)
	}
	if n := u.count.ownReading.Load(); n != 1 {
		t.Errorf("counted %d", n)
	}
}

func TestResponseIsWrittenFromTheRequestByteForByte(t *testing.T) {
	u := &UA{o: Options{}.withDefaults()}
	d := valid(t, oddButValid)
	f := flow{remote: netip.MustParseAddrPort("192.0.2.1:5070")}
	back := parse(string(u.render(u.read(d), f, answer{code: 200, toTag: "mine"})))
	if back == nil || back.check() != nil {
		t.Fatal("no valid response")
	}
	for _, name := range []string{"From", "Call-ID", "CSeq"} {
		if got, want := back.value(name), d.value(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if back.value("To") != "sip:c@d;tag=mine" {
		t.Errorf("To: %q", back.value("To"))
	}
}
