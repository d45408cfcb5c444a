package siprec_test

import (
	"bytes"
	"testing"

	"rms/sip/siprec"
)

func FuzzParse(f *testing.F) {
	kind, body := siprec.BuildBody([]byte(offer), example())
	f.Add(kind, body)
	f.Add("multipart/mixed", bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")))
	f.Add(`multipart/mixed; boundary="a\"b`, []byte("--a\"b\n\nv=0\n--a\"b--"))
	f.Add("", []byte("--x\nContent-Type: multipart/mixed; boundary=y\n\n--y\nContent-Transfer-Encoding: base64\n\nAAAA\n--y--\n--x--"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		s, err := siprec.Parse(kind, body)
		if len(s.SDP) > len(body) || len(s.XML) > len(body)+8 {
			t.Fatalf("parts of %d and %d bytes from %d", len(s.SDP), len(s.XML), len(body))
		}
		if err == nil && (s.XML == nil) != (s.Metadata == nil) {
			t.Fatal("metadata without text, or text without metadata")
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(meta))
	f.Add(example().Build())
	f.Add([]byte(`<recording><datamode>partial</datamode><session id="1"><participant id="2"><send>3</send></participant></session></recording>`))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><recording>&b;</recording>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := siprec.ParseMetadata(text)
		if err != nil {
			return
		}
		again, err := siprec.ParseMetadata(m.Build())
		if err != nil {
			t.Fatalf("what was built cannot be read: %v\n%s", err, m.Build())
		}
		for _, s := range m.Streams {
			m.Sender(s.Label)
		}
		if u := again.Update(m); u == nil {
			t.Fatal("no metadata after an update")
		}
	})
}
