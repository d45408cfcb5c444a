package sip

import (
	"bytes"
	"strings"

	"rms/sip/siprec"
)

// carriesSDP tells whether the body of a method is for offer/answer.
func carriesSDP(method string) bool {
	return method == "INVITE" || method == "UPDATE" || method == "ACK"
}

// ruleEncoding accepts bodies that are not compressed.
func ruleEncoding(m *draft) {
	for _, e := range elements(m.all("Content-Encoding")) {
		if !strings.EqualFold(e, "identity") && m.method != "ACK" {
			m.blame(415, "Unsupported Media Type", Header{"Accept-Encoding", "identity"})
		}
	}
}

// ruleBody accepts SDP and the metadata of a recording session, alone or in a
// multipart body, in what may carry an offer.
func ruleBody(m *draft) {
	if m.body == "" || m.method != "INVITE" && m.method != "UPDATE" {
		return
	}
	contentType := m.value("Content-Type")
	kind := mediaType(contentType)
	if kind == "" || kind == typeSDP {
		return
	}
	s, err := siprec.Split(contentType, []byte(m.body))
	switch {
	case len(s.SDP) > 0 || len(s.XML) > 0:
		return
	case err != nil && m.records():
		m.blame(400, "Bad Body", Header{"Warning", warning(err.Error())})
		return
	case optionalBody(m.value("Content-Disposition")):
		return
	}
	m.blame(415, "Unsupported Media Type", Header{"Accept", acceptable})
}

// records tells whether a request wants a recording session.
func (m *draft) records() bool {
	for _, e := range elements(m.all("Require")) {
		if strings.EqualFold(e, siprec.Option) {
			return true
		}
	}
	return false
}

// warning is a value of the Warning header with a text of ours.
func warning(text string) string {
	return "399 rms \"" + strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, text) + "\""
}

// ruleAccept refuses an INVITE whose sender cannot read SDP.
func ruleAccept(m *draft) {
	if m.method != "INVITE" {
		return
	}
	values := m.all("Accept")
	if len(values) == 0 {
		return
	}
	for _, e := range elements(values) {
		switch mediaType(e) {
		case typeSDP, "application/*", "*/*", siprec.TypeMetadata, "application/rs-metadata", "application/rs-metadata-request":
			return
		}
	}
	m.blame(406, "Not Acceptable")
}

// mediaType is the type/subtype of Content-Type or Accept in lower case.
func mediaType(v string) string {
	kind, _, _ := strings.Cut(v, ";")
	kind, sub, ok := strings.Cut(kind, "/")
	if !ok {
		return strings.ToLower(trim(kind))
	}
	return strings.ToLower(trim(kind) + "/" + trim(sub))
}

func optionalBody(disposition string) bool {
	i := strings.IndexByte(disposition, ';')
	if i < 0 {
		return false
	}
	v, _ := params(disposition[i:]).get("handling")
	return strings.EqualFold(v, "optional")
}

// sdp returns the session description in the body.
func (m *draft) sdp() string {
	return string(sessionIn(m.value("Content-Type"), m.method, []byte(m.body)))
}

// sessionIn returns the session description in a body: all of it, or the first
// part of a multipart body that is one. It is empty when there is none. The method
// is empty for a response.
func sessionIn(contentType, method string, body []byte) []byte {
	kind := mediaType(contentType)
	if (kind == typeSDP || kind == "") && !bytes.HasPrefix(bytes.TrimLeft(body, "\r\n"), []byte("--")) {
		if kind == typeSDP || method == "" || carriesSDP(method) {
			return body
		}
		return nil
	}
	s, _ := siprec.Split(contentType, body) // what stands before a fault counts
	return s.SDP
}
