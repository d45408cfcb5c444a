package rst_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rms/media/wire/rst"
)

func TestOnlyTheFirstFiveColonsOfDataSeparate(t *testing.T) {
	t.Parallel()
	payload := strings.Repeat(":", 160)
	p := parse(t, "DATA:"+id+":R:00:160:"+payload)
	if p.Kind != rst.Data || p.ID != id || p.Side != rst.Read || p.PT != rst.PCMU || string(p.Payload) != payload || p.Excess != 0 {
		t.Errorf("%+v", p)
	}
}

func TestLenIsTheTrueNumberOfPayloadBytes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 160, 320, 960, 65450} {
		payload := bytes.Repeat([]byte{'x'}, n)
		p := parse(t, string(rst.AppendData(nil, id, rst.Write, rst.PCMA, payload)))
		if !bytes.Equal(p.Payload, payload) || p.Side != rst.Write || p.PT != rst.PCMA {
			t.Errorf("%d bytes: %d came back, side %c, type %d", n, len(p.Payload), p.Side, p.PT)
		}
	}
}

func TestDataWithFewerBytesThanLenIsDropped(t *testing.T) {
	t.Parallel()
	refused(t, "DATA:"+id+":R:00:160:"+strings.Repeat("x", 159), rst.ErrTruncated)
	refused(t, "DATA:"+id+":R:00:1600:"+strings.Repeat("x", 160), rst.ErrTruncated)
	refused(t, "DATA:"+id+":R:10:320:"+strings.Repeat("x", 161), rst.ErrTruncated)
	refused(t, "DATA:"+id+":R:10:322:"+strings.Repeat("x", 160), rst.ErrTruncated)
	refused(t, "DATA:"+id+":R:00:320:"+strings.Repeat("x", 160), rst.ErrTruncated)
}

func TestDataWithMoreBytesThanLenGivesLenAndCountsTheExcess(t *testing.T) {
	t.Parallel()
	p := parse(t, "DATA:"+id+":R:00:4:abcdefg")
	if string(p.Payload) != "abcd" || p.Excess != 3 || cap(p.Payload) != 4 {
		t.Errorf("%q, excess %d, room for %d", p.Payload, p.Excess, cap(p.Payload))
	}
}

// mod_rst announces 320 bytes of L16 and sends 160.
func TestHalfOfL16IsTaken(t *testing.T) {
	t.Parallel()
	p := parse(t, "DATA:"+id+":R:10:320:"+strings.Repeat("x", 160))
	if !p.Half || len(p.Payload) != 160 || p.Excess != 0 {
		t.Errorf("half %v, %d bytes, excess %d", p.Half, len(p.Payload), p.Excess)
	}
	if p = parse(t, "DATA:"+id+":R:10:320:"+strings.Repeat("x", 320)); p.Half || len(p.Payload) != 320 {
		t.Errorf("whole: half %v, %d bytes", p.Half, len(p.Payload))
	}
}

func TestLenThatIsNoNumberOfBytesIsDropped(t *testing.T) {
	t.Parallel()
	for _, n := range []string{"", "-1", "+1", "x", "0x10", "1e2", " 160", "160 ", "65508", "99999", "4294967456", strings.Repeat("9", 400), "1.0"} {
		refused(t, "DATA:"+id+":R:00:"+n+":"+strings.Repeat("x", 160), rst.ErrLength)
	}
}

func TestFlagOtherThanRAndWIsDropped(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"X", "r", "", "RW", "\x00"} {
		refused(t, "DATA:"+id+":"+flag+":00:1:x", rst.ErrSide)
	}
}

func TestPayloadTypesAreStaticAndOfTwoDigits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want uint8
	}{{"00", 0}, {"08", 8}, {"18", 18}, {"04", 4}, {"10", 10}, {"34", 34}} {
		if p := parse(t, "DATA:"+id+":R:"+c.text+":1:x"); p.PT != c.want {
			t.Errorf("%s read as %d", c.text, p.PT)
		}
	}
	for _, pt := range []string{"", "0", "000", "35", "96", "99", "127", "-1", "0x", " 0"} {
		refused(t, "DATA:"+id+":R:"+pt+":1:x", rst.ErrPT)
	}
}

func TestDataWithFewerThanFiveColonsIsDropped(t *testing.T) {
	t.Parallel()
	for _, rest := range []string{"", ":R", ":R:00", ":R:00:160", ":R:00:160xxxx"} {
		refused(t, "DATA:"+id+rest, rst.ErrFields)
	}
}

// A datagram of the largest size that UDP over IPv4 carries.
func TestDatagramOf65507BytesIsTaken(t *testing.T) {
	t.Parallel()
	head := len("DATA:" + id + ":R:10:65454:")
	b := rst.AppendData(nil, id, rst.Read, rst.L16, make([]byte, 65507-head))
	if len(b) != 65507 {
		t.Fatalf("made %d bytes", len(b))
	}
	if p := parse(t, string(b)); len(p.Payload) != 65507-head {
		t.Errorf("%d bytes of payload", len(p.Payload))
	}
}

func TestLongestPayloadFitsTheOriginalsBuffer(t *testing.T) {
	t.Parallel()
	if n := len(rst.AppendData(nil, id, rst.Write, rst.L16, make([]byte, rst.MaxPayload))); n > rst.MaxDatagram {
		t.Errorf("%d bytes", n)
	}
}

// corpus says by which error each hostile datagram is dropped; nil is accepted.
var corpus = map[string]*rst.Error{
	"01_ok_inv.bin":                      nil,
	"03_ok_bye.bin":                      nil,
	"05_data_len_larger_than_packet.bin": rst.ErrTruncated,
	"07_data_len_negative.bin":           rst.ErrLength,
	"09_data_flag_X.bin":                 rst.ErrSide,
	"11_payload_with_colons.bin":         nil,
	"13_uuid_traversal.bin":              rst.ErrID,
	"15_uuid_8k.bin":                     rst.ErrID,
	"17_ack_port_70000.bin":              rst.ErrPort,
	"19_ack_from_other_source.bin":       nil, // whose it is only its address can tell
	"21_empty.bin":                       rst.ErrShort,
	"23_lowercase.bin":                   rst.ErrCommand,
	"25_65507.bin":                       nil,
}

func TestHostileDatagramsGiveWhatIsExpected(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/hostile/EXPECT.json")
	if err != nil {
		t.Fatal(err)
	}
	var expect map[string]string
	if err := json.Unmarshal(text, &expect); err != nil {
		t.Fatal(err)
	}
	for name, words := range expect {
		b, err := os.ReadFile(filepath.Join("testdata/hostile", name))
		if err != nil {
			t.Fatal(err)
		}
		want, known := corpus[name]
		if !known {
			t.Errorf("%s (%s) is not judged", name, words)
			continue
		}
		if want != nil {
			refused(t, string(b), want)
			continue
		}
		parse(t, string(b))
	}
}
