package sip

import (
	"errors"
	"net/url"
	"strings"
)

var errAddress = errors.New("malformed address")

// Address is the value of From, To, Contact and their like.
type Address struct {
	Display string // without quotes
	URI     string // as it was written
	Tag     string
	params  params
}

// ParseAddress reads a name-addr or addr-spec with its parameters, RFC 3261
// section 20.10.
func ParseAddress(s string) (Address, error) {
	a := Address{}
	s = trim(s)
	open := -1
	switch {
	case strings.HasPrefix(s, `"`):
		end := quoted(s, 0)
		if end < 0 {
			return a, errAddress
		}
		a.Display = unquote(s[:end])
		if s = trim(s[end:]); !strings.HasPrefix(s, "<") {
			return a, errAddress
		}
		open = 0
	default:
		open = strings.IndexByte(s, '<')
		if open > 0 {
			a.Display = trim(s[:open])
		}
	}
	if open < 0 {
		return bareAddress(s)
	}
	if strings.ContainsAny(s[:open], `",;>`) {
		return a, errAddress
	}
	n := strings.IndexByte(s[open:], '>')
	if n < 0 {
		return a, errAddress
	}
	a.URI, a.params = s[open+1:open+n], params(s[open+n+1:])
	return a.checked()
}

// bareAddress reads an address without <>: what follows ";" belongs to the
// header, not to the URI.
func bareAddress(s string) (Address, error) {
	a := Address{URI: s}
	if i := strings.IndexAny(s, "; \t"); i >= 0 {
		a.URI, a.params = s[:i], params(s[i:])
	}
	if strings.ContainsAny(a.URI, "?,") {
		return a, errAddress
	}
	return a.checked()
}

// place reads a URI, all of it with its parameters, or a name-addr, from people
// and configuration rather than from a header field.
func place(s string) (Address, error) {
	if _, err := checkURI(s); err == nil {
		return Address{URI: s}, nil
	}
	return ParseAddress(s)
}

func (a Address) checked() (Address, error) {
	name, ok := scheme(a.URI)
	if !ok || !cleanURI(a.URI) || !a.params.valid() {
		return a, errAddress
	}
	if isSIP(name) {
		if _, err := checkURI(a.URI); err != nil {
			return a, err
		}
	}
	a.Tag, _ = a.params.get("tag")
	return a, nil
}

// Param returns a parameter of the address (not of its URI), unquoted.
func (a Address) Param(name string) (string, bool) {
	v, ok := a.params.get(name)
	return unquote(v), ok
}

// User is the user part of the URI, unescaped and without password; empty when
// it has none.
func (a Address) User() string {
	u, err := readURI(a.URI)
	if err != nil {
		return ""
	}
	if plain, err := url.PathUnescape(u.User); err == nil {
		return plain
	}
	return u.User
}

// Host is the host of the URI, without port and brackets.
func (a Address) Host() string {
	u, err := readURI(a.URI)
	if err != nil {
		return ""
	}
	return uriHost(&u)
}
