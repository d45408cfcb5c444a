// Package siprec reads and writes the bodies of recording sessions: SIPREC, RFC 7865
// (metadata) and RFC 7866 (protocol). An INVITE of a recording client has two parts,
// a session description and the metadata that says who speaks in which stream.
//
//	s, err := siprec.Parse(contentType, body)
//	if err != nil {
//		return reject(400, err.Error())
//	}
//	answer(s.SDP)
//	if p, ok := s.Metadata.Sender("1"); ok { // the stream with a=label:1
//		log(p.AOR())
//	}
//
// It is tolerant in what it reads: parts without or with wrong types, lines that end
// in LF, boundaries that need quotes and have none, elements of the drafts before the
// RFC. It follows no reference, expands no entity, and bounds depth and size.
package siprec

import "fmt"

// The media types and the option tag of RFC 7866 and RFC 9806.
const (
	TypeMetadata = "application/rs-metadata+xml"
	TypeSDP      = "application/sdp"
	Option       = "siprec"
	// Disposition is the Content-Disposition of the metadata part.
	Disposition = "recording-session"
)

// Limits of what is read.
const (
	maxMetadata = 256 << 10 // bytes of XML
	maxBody     = 1 << 20   // bytes of a whole body
	maxParts    = 16        // of all multipart bodies in a body
	maxNested   = 3         // multipart bodies that hold each other (RFC 5621)
)

// Session is what a body holds.
type Session struct {
	// SDP is the session description, nil when there is none.
	SDP []byte
	// XML is the text of the metadata, nil when there is none.
	XML []byte
	// Metadata is what XML says; nil without XML.
	Metadata *Metadata
}

// Error is why a body cannot be read, with the SIP status code that says so: 400
// for what is broken, 413 for what is too large.
type Error struct {
	Code int
	Text string
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

func broken(format string, args ...any) error {
	return &Error{Code: 400, Text: fmt.Sprintf(format, args...)}
}

// Parse reads the body of a request: a multipart one, or metadata or SDP alone. A
// body without any of both is no error: Session is empty then.
func Parse(contentType string, body []byte) (Session, error) {
	s, err := Split(contentType, body)
	if err != nil || s.XML == nil {
		return s, err
	}
	s.Metadata, err = ParseMetadata(s.XML)
	return s, err
}

// Split is Parse without a look into the metadata.
func Split(contentType string, body []byte) (Session, error) {
	var s Session
	if len(body) > maxBody {
		return s, &Error{Code: 413, Text: "body of more than 1 MiB"}
	}
	parts, err := partsOf(contentType, body)
	for _, p := range parts {
		switch p.kind() {
		case TypeSDP:
			if s.SDP == nil {
				s.SDP = p.Body
			}
		case TypeMetadata:
			if s.XML == nil {
				s.XML = p.Body
			}
		}
	}
	return s, err
}
