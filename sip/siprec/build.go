package siprec

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
)

// Namespace is the one of RFC 7865.
const Namespace = "urn:ietf:params:xml:ns:recording:1"

// NewID makes an id for a part of metadata: 16 random bytes in base64 (RFC 7865 section
// 6.9 wants what a UUID has).
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	return base64.StdEncoding.EncodeToString(b[:])
}

// Build writes the metadata as XML, in the order of RFC 7865's schema. Extra is not
// written.
func (m Metadata) Build() []byte {
	w := writer{}
	w.b.WriteString(xml.Header)
	w.open("recording", "xmlns", Namespace)
	if m.Partial {
		w.leaf("datamode", "partial")
	} else {
		w.leaf("datamode", "complete")
	}
	for _, g := range m.Groups {
		w.open("group", "group_id", g.ID)
		w.times(g.Interval)
		w.end("group")
	}
	for _, s := range m.Sessions {
		w.open("session", "session_id", s.ID)
		w.leaves("sipSessionID", s.SIPSessionIDs)
		w.leaf("reason", s.Reason)
		w.leaf("group-ref", s.Group)
		w.leaf("start-time", s.From)
		w.leaf("stop-time", s.To)
		w.end("session")
	}
	for _, p := range m.Participants {
		w.participant(p)
	}
	for _, s := range m.Streams {
		w.open("stream", "stream_id", s.ID, "session_id", s.Session)
		w.leaf("label", s.Label)
		w.end("stream")
	}
	m.associations(&w)
	w.end("recording")
	return w.b.Bytes()
}

func (m *Metadata) associations(w *writer) {
	for _, r := range m.Recorded {
		w.open("sessionrecordingassoc", "session_id", r.Session)
		w.times(r.Interval)
		w.end("sessionrecordingassoc")
	}
	for _, a := range m.Memberships {
		w.open("participantsessionassoc", "participant_id", a.Participant, "session_id", a.Session)
		w.times(a.Interval)
		w.leaves("param", a.Params)
		w.end("participantsessionassoc")
	}
	for _, f := range m.Flows {
		w.open("participantstreamassoc", "participant_id", f.Participant)
		w.leaves("send", f.Sends)
		w.leaves("recv", f.Receives)
		w.times(f.Interval)
		w.end("participantstreamassoc")
	}
}

// writer writes elements, two blanks deeper in each other.
type writer struct {
	b     bytes.Buffer
	depth int
}

func (w *writer) indent() {
	for range w.depth {
		w.b.WriteString("  ")
	}
}

// open begins an element; attributes without a value are left out.
func (w *writer) open(name string, attrs ...string) {
	w.start(name, attrs...)
	w.b.WriteString(">\r\n")
	w.depth++
}

func (w *writer) start(name string, attrs ...string) {
	w.indent()
	w.b.WriteString("<" + name)
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] == "" {
			continue
		}
		w.b.WriteString(" " + attrs[i] + `="`)
		w.escape(attrs[i+1])
		w.b.WriteByte('"')
	}
}

func (w *writer) end(name string) {
	w.depth--
	w.indent()
	w.b.WriteString("</" + name + ">\r\n")
}

// leaf writes an element with a text; one without is left out.
func (w *writer) leaf(name, text string, attrs ...string) {
	if text == "" {
		return
	}
	w.start(name, attrs...)
	w.b.WriteByte('>')
	w.escape(text)
	w.b.WriteString("</" + name + ">\r\n")
}

func (w *writer) leaves(name string, texts []string) {
	for _, t := range texts {
		w.leaf(name, t)
	}
}

func (w *writer) times(i Interval) {
	w.leaf("associate-time", i.From)
	w.leaf("disassociate-time", i.To)
}

func (w *writer) participant(p Participant) {
	w.open("participant", "participant_id", p.ID)
	for _, n := range p.Names {
		w.open("nameID", "aor", n.AOR)
		w.leaf("name", n.Name, "xml:lang", n.Lang)
		w.end("nameID")
	}
	w.end("participant")
}

func (w *writer) escape(s string) {
	_ = xml.EscapeText(&w.b, []byte(s)) // a buffer takes everything
}

// BuildBody puts a session description and metadata in one multipart body, and returns
// its Content-Type. Without a description the metadata goes alone.
func BuildBody(sdp []byte, m Metadata) (contentType string, body []byte) {
	text := m.Build()
	if len(sdp) == 0 {
		return TypeMetadata, text
	}
	boundary := freeBoundary(sdp, text)
	var b bytes.Buffer
	b.WriteString("--" + boundary + "\r\nContent-Type: " + TypeSDP + "\r\nContent-Disposition: session;handling=required\r\n\r\n")
	b.Write(sdp)
	b.WriteString("\r\n--" + boundary + "\r\nContent-Type: " + TypeMetadata + "\r\nContent-Disposition: " + Disposition + "\r\n\r\n")
	b.Write(text)
	b.WriteString("\r\n--" + boundary + "--\r\n")
	return "multipart/mixed;boundary=" + boundary, b.Bytes()
}

// freeBoundary makes a boundary that no part has.
func freeBoundary(parts ...[]byte) string {
	for {
		boundary := "rms-" + rand.Text()
		free := true
		for _, p := range parts {
			free = free && !bytes.Contains(p, []byte(boundary))
		}
		if free {
			return boundary
		}
	}
}
