package sip

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"
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

// ruleBody accepts SDP, alone or in a multipart body, in what may carry an offer.
func ruleBody(m *draft) {
	if m.body == "" || m.method != "INVITE" && m.method != "UPDATE" {
		return
	}
	kind := mediaType(m.value("Content-Type"))
	switch {
	case kind == "" || kind == typeSDP:
		return
	case strings.HasPrefix(kind, "multipart/") && m.sdp() != "":
		return
	case optionalBody(m.value("Content-Disposition")):
		return
	}
	m.blame(415, "Unsupported Media Type", Header{"Accept", acceptable})
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
		case typeSDP, "application/*", "*/*":
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
	if kind == "" && (method == "" || carriesSDP(method)) {
		return body
	}
	return sessionPart(contentType, body, maxNested)
}

// maxNested is how many multipart bodies may hold each other (RFC 5621).
const maxNested = 3

func sessionPart(contentType string, body []byte, depth int) []byte {
	kind := mediaType(contentType)
	if kind == typeSDP {
		return body
	}
	if !strings.HasPrefix(kind, "multipart/") || depth == 0 {
		return nil
	}
	_, p, err := mime.ParseMediaType(contentType)
	if err != nil || p["boundary"] == "" {
		return nil
	}
	r := multipart.NewReader(bytes.NewReader(body), p["boundary"])
	for range 16 {
		part, err := r.NextPart()
		if err != nil {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(part, maxMessage))
		if err != nil {
			return nil
		}
		if found := sessionPart(part.Header.Get("Content-Type"), text, depth-1); len(found) > 0 {
			return found
		}
	}
	return nil
}
