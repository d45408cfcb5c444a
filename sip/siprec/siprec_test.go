package siprec_test

import (
	"errors"
	"strings"
	"testing"

	"rms/sip/siprec"
)

const offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" +
	"m=audio 4000 RTP/AVP 0\r\na=sendonly\r\na=label:1\r\nm=audio 4002 RTP/AVP 0\r\na=sendonly\r\na=label:2\r\n"

func example() siprec.Metadata {
	return siprec.Metadata{
		Groups:   []siprec.Group{{ID: "g1"}},
		Sessions: []siprec.CommunicationSession{{ID: "s1", Group: "g1", SIPSessionIDs: []string{"aa;remote=bb"}}},
		Participants: []siprec.Participant{
			{ID: "p1", Names: []siprec.Name{{AOR: "sip:alice@a.test?x=1&y", Name: "Alice <\"A\">", Lang: "en"}}},
			{ID: "p2", Names: []siprec.Name{{AOR: "tel:+4930123"}}},
		},
		Streams:     []siprec.Stream{{ID: "x1", Session: "s1", Label: "1"}, {ID: "x2", Session: "s1", Label: "2"}},
		Memberships: []siprec.Membership{{Participant: "p1", Session: "s1", Interval: siprec.Interval{From: "2026-01-01T00:00:00Z"}}},
		Flows: []siprec.Flow{
			{Participant: "p1", Sends: []string{"x1"}, Receives: []string{"x2"}},
			{Participant: "p2", Sends: []string{"x2"}, Receives: []string{"x1"}},
		},
		Recorded: []siprec.Recorded{{Session: "s1"}},
	}
}

func TestBuiltBodyIsReadBack(t *testing.T) {
	t.Parallel()
	kind, body := siprec.BuildBody([]byte(offer), example())
	s, err := siprec.Parse(kind, body)
	if err != nil {
		t.Fatal(err)
	}
	if string(s.SDP) != offer {
		t.Errorf("SDP is %q", s.SDP)
	}
	if got, want := string(s.Metadata.Build()), string(example().Build()); got != want {
		t.Errorf("metadata is\n%s\nwant\n%s", got, want)
	}
	for label, aor := range map[string]string{"1": "sip:alice@a.test?x=1&y", "2": "tel:+4930123"} {
		if p, ok := s.Metadata.Sender(label); !ok || p.AOR() != aor {
			t.Errorf("sender of %s: %+v, want %s", label, p, aor)
		}
	}
	if _, ok := s.Metadata.Sender("3"); ok {
		t.Error("a label that nobody has found a sender")
	}
}

// meta is small metadata with one name.
const meta = `<?xml version="1.0" encoding="UTF-8"?>
<recording xmlns='urn:ietf:params:xml:ns:recording:1'><datamode>complete</datamode>
<participant participant_id="p"><nameID aor="sip:p@x.test"><name>Pat</name></nameID></participant>
<stream stream_id="s"><label>main</label></stream>
<participantstreamassoc participant_id="p"><send>s</send></participantstreamassoc></recording>`

func TestBodiesOfKnownSenders(t *testing.T) {
	t.Parallel()
	two := func(boundary, sdpHead, metaHead, eol string) string {
		return strings.ReplaceAll("--"+boundary+"\r\n"+sdpHead+"\r\n\r\n"+offer+"\r\n--"+boundary+"\r\n"+metaHead+"\r\n\r\n"+meta+
			"\r\n--"+boundary+"--\r\n", "\r\n", eol)
	}
	sdpType, metaType := "Content-Type: application/sdp", "Content-Type: application/rs-metadata+xml"
	cases := map[string]struct{ kind, body string }{
		"as the RFC":                {"multipart/mixed; boundary=foo", two("foo", sdpType, metaType+"\r\nContent-Disposition: recording-session", "\r\n")},
		"LF only":                   {"multipart/mixed; boundary=foo", two("foo", sdpType, metaType, "\n")},
		"no blank after the colon":  {"multipart/mixed;boundary=foo", two("foo", "Content-Type:application/sdp\r\nContent-Length:999", "Content-Type:application/rs-metadata+xml\r\nContent-Disposition:recording-session\r\nContent-Length:2012", "\r\n")},
		"type of the drafts":        {"multipart/mixed;boundary=foo", two("foo", sdpType, "Content-Type: application/rs-metadata", "\r\n")},
		"plain XML":                 {"multipart/mixed;boundary=foo", two("foo", sdpType, "Content-Type: text/xml", "\r\n")},
		"no types":                  {"multipart/mixed;boundary=foo", two("foo", "X: y", "X: y", "\r\n")},
		"swapped types":             {"multipart/mixed;boundary=foo", two("foo", "Content-Type: text/plain", sdpType, "\r\n")},
		"odd boundary, no quotes":   {"multipart/mixed; boundary=a:b/c=d?e@f (g)", two("a:b/c=d?e@f (g)", sdpType, metaType, "\r\n")},
		"odd boundary, quotes":      {`multipart/mixed; charset=x; boundary="a:b;c\"d"`, two(`a:b;c"d`, sdpType, metaType, "\r\n")},
		"blanks and upper case":     {"Multipart / Mixed ; BOUNDARY = foo ", two("foo", strings.ToUpper(sdpType), metaType, "\r\n")},
		"no boundary parameter":     {"multipart/mixed", two("foo", sdpType, metaType, "\r\n")},
		"says SDP":                  {"application/sdp", two("foo", sdpType, metaType, "\r\n")},
		"says nothing":              {"", two("foo", sdpType, metaType, "\r\n")},
		"no closing delimiter":      {"multipart/mixed;boundary=foo", strings.TrimSuffix(two("foo", sdpType, metaType, "\r\n"), "\r\n--foo--\r\n")},
		"text before and after":     {"multipart/mixed;boundary=foo", "hello\r\n" + two("foo", sdpType, metaType, "\r\n") + "bye\r\n--foo\r\n\r\nx"},
		"nested":                    {"multipart/mixed;boundary=out", "--out\r\nContent-Type: multipart/related;\r\n boundary=foo\r\n\r\n" + two("foo", sdpType, metaType, "\r\n") + "--out--"},
		"boundary begins another":   {"multipart/mixed;boundary=foo", strings.Replace(two("foo", sdpType, metaType, "\r\n"), "s=-", "s=-\r\n--foobar", 1)},
		"no empty line before SDP":  {"multipart/mixed;boundary=foo", strings.Replace(two("foo", sdpType, metaType, "\r\n"), "\r\n\r\nv=0", "\r\nv=0", 1)},
		"blanks behind a delimiter": {"multipart/mixed;boundary=foo", strings.ReplaceAll(two("foo", sdpType, metaType, "\r\n"), "--foo\r\n", "--foo \t\r\n")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := siprec.Parse(c.kind, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(s.SDP), "v=0") || !strings.Contains(string(s.SDP), "a=label:2") {
				t.Errorf("SDP is %q", s.SDP)
			}
			if p, ok := s.Metadata.Sender("MAIN "); !ok || p.Name() != "Pat" {
				t.Errorf("metadata is %+v", s.Metadata)
			}
		})
	}
}

func TestBodiesWithOnePart(t *testing.T) {
	t.Parallel()
	s, err := siprec.Parse("application/rs-metadata", []byte(meta))
	if err != nil || s.SDP != nil || s.Metadata == nil {
		t.Errorf("bare metadata: %+v, %v", s, err)
	}
	s, err = siprec.Parse("application/sdp", []byte(offer))
	if err != nil || string(s.SDP) != offer || s.Metadata != nil {
		t.Errorf("bare SDP: %+v, %v", s, err)
	}
	s, err = siprec.Parse("text/plain", []byte("hello"))
	if err != nil || s.SDP != nil || s.Metadata != nil {
		t.Errorf("text: %+v, %v", s, err)
	}
	encoded := "--b\r\nContent-Type: application/rs-metadata+xml\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		"PHJlY29yZGluZz48c3RyZWFtIGlkPSJ4IiBsYWJlbD0iMSIvPjwvcmVjb3JkaW5nPg==\r\n--b--"
	if s, err = siprec.Parse("multipart/mixed;boundary=b", []byte(encoded)); err != nil || len(s.Metadata.Streams) != 1 {
		t.Errorf("base64: %+v, %v", s, err)
	}
}

func TestBrokenBodiesAreRefused(t *testing.T) {
	t.Parallel()
	part := func(xml string) string {
		return "--b\r\nContent-Type: application/rs-metadata+xml\r\n\r\n" + xml + "\r\n--b--\r\n"
	}
	bomb := `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><recording>&c;</recording>`
	cases := map[string]struct {
		kind, body, says string
		code             int
	}{
		"entity bomb":     {"multipart/mixed;boundary=b", part(bomb), "document type", 400},
		"external entity": {"multipart/mixed;boundary=b", part(`<!DOCTYPE r SYSTEM "file:///etc/passwd"><recording/>`), "document type", 400},
		"cut off":         {"multipart/mixed;boundary=b", part(`<recording><stream>`), "EOF", 400},
		"not closed":      {"multipart/mixed;boundary=b", part(`<recording><a></b></recording>`), "closed by", 400},
		"no XML":          {"multipart/mixed;boundary=b", part(`hello`), "no element", 400},
		"another root":    {"multipart/mixed;boundary=b", part(`<html></html>`), "html", 400},
		"deep":            {"multipart/mixed;boundary=b", part("<recording>" + strings.Repeat("<a>", 10000)), "nested", 400},
		"many elements":   {"multipart/mixed;boundary=b", part("<recording>" + strings.Repeat("<a/>", 30000)), "elements", 400},
		"large":           {"multipart/mixed;boundary=b", part("<recording>" + strings.Repeat(" ", 300<<10)), "256 KiB", 413},
		"1 MB":            {"multipart/mixed;boundary=b", strings.Repeat("x", 1<<20+1), "1 MiB", 413},
		"wrong boundary":  {"multipart/mixed;boundary=c", part(meta), "boundary", 400},
		"many parts":      {"multipart/mixed;boundary=b", strings.Repeat("--b\r\n\r\nx\r\n", 40), "parts", 400},
		"nested deep":     {"multipart/mixed;boundary=1", nested(5), "nested", 400},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := siprec.Parse(c.kind, []byte(c.body))
			var e *siprec.Error
			if !errors.As(err, &e) || e.Code != c.code || !strings.Contains(e.Text, c.says) {
				t.Errorf("got %v, want %d with %q", err, c.code, c.says)
			}
		})
	}
}

func nested(depth int) string {
	body := "x"
	for i := depth; i > 0; i-- {
		b := string(rune('0' + i))
		body = "--" + b + "\r\nContent-Type: multipart/mixed;boundary=" + string(rune('1'+i)) + "\r\n\r\n" + body + "\r\n--" + b + "--"
	}
	return body
}

func TestMetadataOfDraftsAndVendors(t *testing.T) {
	t.Parallel()
	text := `<?xml version='1.0' encoding='ISO-8859-1'?>
<ns:recording xmlns:ns="urn:ietf:params:xml:ns:recording" xmlns:v="http://vendor.test/x">
 <ns:dataMode>partial</ns:dataMode>
 <ns:session id="S"><associate-time>2020-01-01T00:00:00</associate-time><v:ucid>0001-2</v:ucid>
  <participant id="A" session="S"><aor>sip:a@x.test;user=phone&amp;b&c</aor><name>A` + "\x01" + `A</name><send>1</send><v:side><v:calling>true</v:calling></v:side></participant>
 </ns:session>
 <ns:stream id="1" session="S"><ns:label> 7 </ns:label><mode>separate</mode></ns:stream>
</ns:recording>`
	if _, err := siprec.ParseMetadata([]byte(text)); err == nil {
		t.Error("a control character that XML forbids was read")
	}
	m, err := siprec.ParseMetadata([]byte(strings.ReplaceAll(text, "\x01", "\xe9")))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := m.Sender("7")
	if !ok || p.AOR() != "sip:a@x.test;user=phone&b&c" || p.Name() != "A?A" || p.Extra["calling"] != "true" {
		t.Errorf("participant is %+v", p)
	}
	if !m.Partial || m.Sessions[0].Extra["ucid"] != "0001-2" || m.Sessions[0].From == "" || m.Memberships[0].Session != "S" {
		t.Errorf("metadata is %+v", m)
	}
}

func TestPartialUpdateChangesWhatItNames(t *testing.T) {
	t.Parallel()
	old := example()
	m := old.Update(&siprec.Metadata{
		Partial:      true,
		Participants: []siprec.Participant{{ID: "p3", Names: []siprec.Name{{AOR: "sip:carol@a.test"}}}, {ID: "p1"}},
		Flows: []siprec.Flow{
			{Participant: "p2", Interval: siprec.Interval{To: "2026-01-01T00:01:00Z"}},
			{Participant: "p3", Sends: []string{"x2"}},
		},
		Streams: []siprec.Stream{{ID: "x1", Label: "9"}},
	})
	if p, ok := m.Sender("2"); !ok || p.AOR() != "sip:carol@a.test" {
		t.Errorf("stream 2 is of %+v, want who joined", p)
	}
	if p, ok := m.Sender("9"); !ok || p.Name() == "" {
		t.Errorf("stream 1 is of %+v: the label changed, nothing else", p)
	}
	if len(m.Participants) != 3 || len(old.Participants) != 2 || m.Partial {
		t.Errorf("update gave %+v", m)
	}
	whole := m.Update(&siprec.Metadata{Streams: []siprec.Stream{{ID: "n", Label: "1"}}})
	if len(whole.Participants) != 0 || len(whole.Streams) != 1 {
		t.Errorf("complete metadata kept parts of the old: %+v", whole)
	}
	if m.Update(nil) != m || (*siprec.Metadata)(nil).Update(m) == nil {
		t.Error("nothing or no update lost the metadata")
	}
}
