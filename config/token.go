package config

import (
	"errors"
	"regexp"
	"strings"
)

// Token is a secret that a client shows (RFC 6750), and what it may do.
type Token struct {
	Secret string
	Read   bool // may look, and change nothing
}

// What may stand in a header field, long enough not to be guessed.
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

const minToken, maxToken = 16, 512

// UnmarshalText reads "SECRET" or "read:SECRET". Its errors do not repeat it.
func (t *Token) UnmarshalText(text []byte) error {
	secret, read := strings.CutPrefix(string(text), "read:")
	switch {
	case len(secret) < minToken:
		return errors.New("the secret is too short")
	case len(secret) > maxToken:
		return errors.New("the secret is too long")
	case !tokenForm.MatchString(secret):
		return errors.New("the secret has characters that cannot stand in a header field")
	}
	*t = Token{Secret: secret, Read: read}
	return nil
}

// String does not tell the secret.
func (t Token) String() string {
	if t.Read {
		return "read:hidden"
	}
	return "hidden"
}
