package call

import (
	"encoding/json"
	"strings"
)

// expand puts what is known of the call in the place of each ${name} in a text that
// a far end gets: from, to, ruri, call_id, sip_call_id, source, or a variable of the
// call. A name that is not known becomes nothing. In a text that is JSON the value is
// made to fit into a string of it.
func (c *Call) expand(text string) string {
	if !strings.Contains(text, "${") {
		return text
	}
	trimmed := strings.TrimSpace(text)
	inJSON := strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[")
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(before)
		value := c.known(name)
		if inJSON {
			value = jsonText(value)
		}
		b.WriteString(value)
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
