package rst_test

import (
	"bytes"
	"strings"
	"testing"

	"rms/media/wire/rst"
)

const id = "478525a8-8263-4550-b18c-d027d11c9865"

// The examples of the protocol's own text, byte for byte.
func TestPacketsAreTheOriginalsBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, got, want string }{
		{"INV", string(rst.AppendInv(nil, id, "18621575908", "02131570530", 0, 0)), "INV :" + id + ":18621575908:02131570530"},
		{"INV of generation 2", string(rst.AppendInv(nil, id, "18621575908", "02131570530", 5004, 5005)), "INV :" + id + ":18621575908:02131570530:5004:5005"},
		{"ACK", string(rst.AppendAck(nil, id, 0, 0)), "ACK :" + id},
		{"ACK of generation 2", string(rst.AppendAck(nil, id, 6004, 6005)), "ACK :" + id + ":6004:6005"},
		{"BYE", string(rst.AppendBye(nil, id)), "BYE :" + id},
		{"DATA", string(rst.AppendData(nil, id, rst.Read, rst.PCMU, []byte("abc"))), "DATA:" + id + ":R:00:3:abc"},
		{"DATA of W", string(rst.AppendData(nil, id, rst.Write, rst.L16, nil)), "DATA:" + id + ":W:10:0:"},
		{"DATA of A-law", string(rst.AppendData(nil, id, rst.Write, rst.PCMA, []byte{0xd5})), "DATA:" + id + ":W:08:1:\xd5"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
}

func TestDataOf20MillisecondsOfPCMUIs211Bytes(t *testing.T) {
	t.Parallel()
	header := rst.AppendDataHeader(nil, id, rst.Read, rst.PCMU, 160)
	if string(header) != "DATA:"+id+":R:00:160:" || len(header) != 51 {
		t.Errorf("header %q of %d bytes, want 51", header, len(header))
	}
	b := rst.AppendData(nil, id, rst.Read, rst.PCMU, bytes.Repeat([]byte{0xff}, 160))
	if len(b) != 211 || b[210] != 0xff {
		t.Errorf("%d bytes that end in %#x, want 211 without terminator", len(b), b[len(b)-1])
	}
}

func TestInvOf3FieldsIsGeneration1AndOf5Generation2(t *testing.T) {
	t.Parallel()
	p := parse(t, "INV :"+id+":186:021")
	if p.Kind != rst.Inv || p.ID != id || p.Caller != "186" || p.Callee != "021" || p.ReadPort != 0 || p.WritePort != 0 {
		t.Errorf("generation 1: %+v", p)
	}
	p = parse(t, "INV :"+id+":186:021:5004:5005")
	if p.Kind != rst.Inv || p.Caller != "186" || p.Callee != "021" || p.ReadPort != 5004 || p.WritePort != 5005 {
		t.Errorf("generation 2: %+v", p)
	}
	if p = parse(t, "INV :"+id+"::"); p.Caller != "" || p.Callee != "" {
		t.Errorf("empty parties: %+v", p)
	}
	for _, rest := range []string{"", ":186", ":186:021:5004", ":186:021:5004:5005:1"} {
		refused(t, "INV :"+id+rest, rst.ErrFields)
	}
}

func TestAckHasNoPortsOrTwoFrom1To65535(t *testing.T) {
	t.Parallel()
	if p := parse(t, "ACK :"+id); p.Kind != rst.Ack || p.ReadPort != 0 || p.WritePort != 0 {
		t.Errorf("%+v", p)
	}
	if p := parse(t, "ACK :"+id+":1:65535"); p.ReadPort != 1 || p.WritePort != 65535 {
		t.Errorf("%+v", p)
	}
	for _, ports := range []string{":0:6005", ":6004:0", ":70000:1", ":1:70000", ":65536:1", ":x:1", ":-1:1", ":1:", "::", ":+1:2", ":1: 2", ":000001:2"} {
		refused(t, "ACK :"+id+ports, rst.ErrPort)
	}
	for _, ports := range []string{":", ":6004", ":1:2:3"} {
		refused(t, "ACK :"+id+ports, rst.ErrFields)
	}
}

func TestTrailingNulCRLFAndSpaceAreTolerated(t *testing.T) {
	t.Parallel()
	for _, tail := range []string{"\x00", "\r\n", "\n", " ", " \r\n\x00\x00", strings.Repeat("\x00", 1024-41)} {
		if p := parse(t, "BYE :"+id+tail); p.Kind != rst.Bye || p.ID != id {
			t.Errorf("BYE and %q: %+v", tail, p)
		}
		if p := parse(t, "ACK :"+id+":6004:6005"+tail); p.WritePort != 6005 {
			t.Errorf("ACK and %q: %+v", tail, p)
		}
		if p := parse(t, "INV :"+id+":186:021"+tail); p.Callee != "021" {
			t.Errorf("INV and %q: %+v", tail, p)
		}
	}
	if p := parse(t, "DATA:"+id+":R:00:4:ab\r\n"); string(p.Payload) != "ab\r\n" {
		t.Errorf("payload %q: its last bytes are audio", p.Payload)
	}
}

func TestTwoSpacesAfterInvAreTolerated(t *testing.T) {
	t.Parallel()
	if p := parse(t, "INV  :"+id+":186:021"); p.Caller != "186" {
		t.Errorf("%+v", p)
	}
	refused(t, "INV   :"+id+":186:021", rst.ErrCommand)
}

func TestLowerCaseAndInvWithoutSpaceAreDropped(t *testing.T) {
	t.Parallel()
	for _, b := range []string{
		"inv :" + id + ":1:2", "bye :" + id, "ack :" + id, "data:" + id + ":R:00:0:", "INV:" + id + ":1:2",
		"BYE:" + id, "DATA :" + id + ":R:00:0:", "INVX:" + id + ":1:2", "INV x" + id, "BYE  ", "ACK \x00",
	} {
		refused(t, b, rst.ErrCommand)
	}
}

func TestEmptyAndNulDatagramsAreDropped(t *testing.T) {
	t.Parallel()
	refused(t, "", rst.ErrShort)
	refused(t, "BYE ", rst.ErrShort)
	refused(t, strings.Repeat("\x00", 1024), rst.ErrCommand)
}

func TestOnlyUUIDsAreIDs(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "../../../../etc/cron.d/x", id + "a", id[1:], id[:35] + "\n", id[:35] + "g", strings.ReplaceAll(id, "-", "0"),
		strings.Repeat("a", 8000), "../" + id[3:], "-" + id[1:], id[:35] + "\x00",
	} {
		if rst.ValidID(bad) {
			t.Errorf("%.50q passes", bad)
		}
		refused(t, "INV :"+bad+":1:2", rst.ErrID)
		refused(t, "DATA:"+bad+":R:00:0:", rst.ErrID)
		refused(t, "BYE :"+bad, rst.ErrID)
	}
	if !rst.ValidID(id) || !rst.ValidID(strings.ToUpper(id)) {
		t.Error("a UUID is refused")
	}
}

func TestKnownIDIsNotCopied(t *testing.T) {
	b := rst.AppendData(nil, id, rst.Read, rst.PCMU, make([]byte, 160))
	streams := map[string]string{id: id}
	known := func(b []byte) (string, bool) { s, ok := streams[string(b)]; return s, ok }
	if n := testing.AllocsPerRun(100, func() {
		if p, err := rst.ParseKnown(b, known); err != nil || p.ID != id {
			t.Error(p, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a datagram of a known stream", n)
	}
	known = func([]byte) (string, bool) { return "another", false }
	if p, err := rst.ParseKnown(b, known); err != nil || p.ID != id {
		t.Errorf("unknown stream: %+v, %v", p, err)
	}
}

func parse(t *testing.T, b string) rst.Packet {
	t.Helper()
	p, err := rst.Parse([]byte(b))
	if err != nil {
		t.Errorf("%.60q: %v", b, err)
	}
	return p
}

// refused wants the error itself, whose counter is what statistics show.
func refused(t *testing.T, b string, want *rst.Error) {
	t.Helper()
	p, err := rst.Parse([]byte(b))
	if err != error(want) { //nolint:errorlint // Parse wraps nothing
		t.Errorf("%.60q: error %v, want %v", b, err, want)
	}
	if p.Kind != 0 || p.Payload != nil {
		t.Errorf("%.60q: a packet came with the error: %+v", b, p)
	}
}
