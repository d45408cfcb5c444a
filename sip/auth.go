package sip

import (
	"bytes"
	"io"
	"strings"

	"github.com/icholy/digest"
)

// maxChallenges bounds the attempts to satisfy one request's challenges.
const maxChallenges = 3

// credentials answer digest challenges to our own requests. Only a call of ours
// has them, and only the realms that challenged its INVITE ever see them: a far
// end that calls us can draw no digest from us.
type credentials struct {
	user, password string
	realms         []string
}

// respond returns the header fields for another try, nil when there is none.
func (c *credentials) respond(out *outgoingRequest, r *Response) []Header {
	ask, answer := "WWW-Authenticate", "Authorization"
	switch r.Code() {
	case 401:
	case 407:
		ask, answer = "Proxy-Authenticate", "Proxy-Authorization"
	default:
		return nil
	}
	if c.user == "" || out.tried >= maxChallenges {
		return nil
	}
	for _, text := range r.m.all(ask) {
		challenge, err := digest.ParseChallenge(text)
		if err != nil || !digest.CanDigest(challenge) || !c.knows(challenge.Realm, out.method == "INVITE") {
			continue
		}
		if out.tried > 0 && !challenge.Stale && hasHeader(out.headers, answer) {
			return nil // the password is wrong
		}
		cred, err := digest.Digest(challenge, digest.Options{
			Method: out.method, URI: out.uri, Username: c.user, Password: c.password, Count: 1,
			GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.body)), nil },
		})
		if err != nil {
			continue
		}
		return append(keepOther(out.headers, answer), Header{answer, cred.String()})
	}
	return nil
}

// knows tells whether a realm may see a digest. An INVITE of ours teaches it.
func (c *credentials) knows(realm string, invite bool) bool {
	for _, r := range c.realms {
		if r == realm {
			return true
		}
	}
	if invite {
		c.realms = append(c.realms, realm)
	}
	return invite
}

func hasHeader(list []Header, name string) bool {
	for _, h := range list {
		if sameName(h.Name, name) {
			return true
		}
	}
	return false
}

// keepOther keeps the answer to the other kind of challenge: a proxy and a server
// may both ask.
func keepOther(list []Header, name string) []Header {
	var out []Header
	for _, h := range list {
		if strings.HasSuffix(h.Name, "Authorization") && !sameName(h.Name, name) {
			out = append(out, h)
		}
	}
	return out
}

// authorize makes the next try of a request in a dialog that was challenged, nil
// when there is none.
func (d *Dialog) authorize(out *outgoingRequest, r *Response) *outgoingRequest {
	if d.out == nil || r.local {
		return nil
	}
	h := d.out.auth.respond(out, r)
	if h == nil {
		return nil
	}
	again := *out
	d.localSeq++
	again.cseq = d.localSeq
	again.tried++
	again.headers = nil
	for _, old := range out.headers {
		if !strings.HasSuffix(old.Name, "Authorization") {
			again.headers = append(again.headers, old)
		}
	}
	again.headers = append(again.headers, h...)
	return &again
}
