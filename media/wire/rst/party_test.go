package rst_test

import (
	"regexp"
	"strings"
	"testing"

	"rms/media/wire/rst"
)

func TestColonsAndControlCharactersOfPartiesArePercentEncoded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ party, wire, read string }{
		{"18621575908", "18621575908", "18621575908"},
		{"a:b", "a%3Ab", "a:b"},
		{"a\r\nb\x00\x7f", "a%0D%0Ab%00%7F", "a%0D%0Ab%00%7F"},
		{"%23 +é", "%23 +é", "%23 +é"},
		{"a%3ab", "a%3ab", "a:b"},
		{"%3", "%3", "%3"},
	} {
		b := rst.AppendInv(nil, id, c.party, "x:"+c.party, 5004, 5005)
		if want := "INV :" + id + ":" + c.wire + ":x%3A" + c.wire + ":5004:5005"; string(b) != want {
			t.Errorf("%q: %q, want %q", c.party, b, want)
		}
		if p := parse(t, string(b)); p.Caller != c.read || p.Callee != "x:"+c.read || p.WritePort != 5005 {
			t.Errorf("%q came back as %q and %q", c.party, p.Caller, p.Callee)
		}
	}
}

func TestRawControlCharactersNeverComeOutOfParse(t *testing.T) {
	t.Parallel()
	if p := parse(t, "INV :"+id+":a\nb:c\x1b[2Jd"); p.Caller != "a%0Ab" || p.Callee != "c%1B[2Jd" {
		t.Errorf("%q, %q", p.Caller, p.Callee)
	}
}

func TestPartiesAreBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(":", 200)
	b := rst.AppendInv(nil, id, long, strings.Repeat("x", 70000), 5004, 5005)
	if p := parse(t, string(b)); p.Caller != long[:rst.MaxParty/3] || len(p.Callee) != rst.MaxParty {
		t.Errorf("%d and %d bytes", len(p.Caller), len(p.Callee))
	}
	if len(b) > rst.MaxDatagram {
		t.Errorf("INV of %d bytes", len(b))
	}
	refused(t, "INV :"+id+":"+strings.Repeat("x", rst.MaxParty+1)+":1", rst.ErrParty)
	refused(t, "INV :"+id+":1:"+strings.Repeat("x", 8000), rst.ErrParty)
	p := parse(t, "INV :"+id+":"+strings.Repeat("\x01", rst.MaxParty)+":1")
	if len(p.Caller) > rst.MaxParty {
		t.Errorf("%d bytes", len(p.Caller))
	}
}

func TestFileNamesHoldOnlySafeCharacters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ part, want string }{
		{id, id},
		{"+4930123", "+4930123"},
		{"alice_b.c-d", "alice_b.c-d"},
		{"../../etc/passwd", "etcpasswd"},
		{"..", "unknown"},
		{"", "unknown"},
		{"-rf", "rf"},
		{"a/b\\c\x00d\ne:f", "abcdef"},
		{"é漢", "unknown"},
		{strings.Repeat("x", 500), strings.Repeat("x", 64)},
	} {
		if got := rst.FileName(c.part); got != c.want {
			t.Errorf("%q: %q, want %q", c.part, got, c.want)
		}
	}
}

var safeName = regexp.MustCompile(`^[A-Za-z0-9_+][A-Za-z0-9._+-]{0,63}$`)

func FuzzRST(f *testing.F) {
	for _, s := range []string{
		"INV :" + id + ":1:2", "INV :" + id + ":1:2:5004:5005", "ACK :" + id + ":6004:6005", "BYE :" + id + "\x00\r\n",
		"DATA:" + id + ":R:00:4:abcd", "DATA:" + id + ":W:10:320:" + strings.Repeat("x", 160), "INV  :" + id + ":%3A:%00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := rst.Parse(b)
		if err != nil {
			return
		}
		if !rst.ValidID(p.ID) || !safeName.MatchString(rst.FileName(p.Caller)) || !safeName.MatchString(rst.FileName(p.Callee)) {
			t.Fatalf("%+v", p)
		}
		if len(p.Payload)+p.Excess > len(b) || strings.ContainsAny(p.Caller+p.Callee, "\x00\r\n\x1b") || len(p.Caller) > rst.MaxParty {
			t.Fatalf("%+v of %d bytes", p, len(b))
		}
		var again []byte
		switch p.Kind {
		case rst.Inv:
			again = rst.AppendInv(nil, p.ID, p.Caller, p.Callee, p.ReadPort, p.WritePort)
		case rst.Ack:
			again = rst.AppendAck(nil, p.ID, p.ReadPort, p.WritePort)
		case rst.Bye:
			again = rst.AppendBye(nil, p.ID)
		case rst.Data:
			again = rst.AppendData(nil, p.ID, p.Side, p.PT, p.Payload)
		}
		q, err := rst.Parse(again)
		if err != nil || q.Kind != p.Kind || q.ID != p.ID || q.ReadPort != p.ReadPort || q.WritePort != p.WritePort ||
			q.Side != p.Side || q.PT != p.PT || string(q.Payload) != string(p.Payload) {
			t.Fatalf("%+v was written as %q and read as %+v, %v", p, again, q, err)
		}
	})
}
