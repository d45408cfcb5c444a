package call

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// expand puts what is known of the call in the place of each ${name} in a text that
// a far end gets: from, to, ruri, call_id, sip_call_id, source, or a variable of the
// call. A name that is not known becomes nothing. In a text that is JSON the value is
// made to fit into a string of it.
func (c *Call) expand(text string) string {
	trimmed := strings.TrimSpace(text)
	if strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		return c.fill(text, jsonText)
	}
	return c.fill(text, func(s string) string { return s })
}

// expandHeader is expand for the value of a header field. What the caller can choose
// must not end the field: control characters become %0D and the like.
func (c *Call) expandHeader(text string) string { return c.fill(text, visible) }

// visible percent-encodes control characters.
func visible(s string) string {
	if !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsControl(r) {
			fmt.Fprintf(&b, "%%%02X", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (c *Call) fill(text string, fit func(string) string) string {
	if !strings.Contains(text, "${") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(before)
		b.WriteString(fit(c.known(name)))
		text = after
	}
}

// jsonText is a string as it stands between the quotes of a JSON string.
func jsonText(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

// known returns what a name stands for in a text of a stream.
func (c *Call) known(name string) string {
	i := c.socketInfo()
	if c.dialog != nil {
		i = infoOf(c.dialog.Invite())
	}
	switch name {
	case "call_id", "uuid":
		return c.id
	case "sip_call_id":
		return i.SIPCallID
	case "from":
		return i.FromUser
	case "to":
		return i.ToUser
	case "ruri":
		return i.RURI
	case "from_uri":
		return i.From
	case "to_uri":
		return i.To
	case "source":
		return i.Source
	}
	if v, ok := c.vars.get(name); ok {
		return text(v)
	}
	return ""
}
