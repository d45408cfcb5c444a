package call

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

func init() {
	apis["uuid_getvar"] = func(x *Exec, args string) string {
		id, name := firstWord(args)
		if id == "" || name == "" {
			return "-USAGE: <uuid> <var>\n"
		}
		c, ok := x.manager.Find(id)
		if !ok {
			return apiNoChannel
		}
		if v, ok := c.channelVariable(name); ok {
			return v
		}
		return "_undef_"
	}
	apis["uuid_setvar"] = func(x *Exec, args string) string {
		id, rest := firstWord(args)
		name, value, given := strings.Cut(rest, " ")
		if id == "" || name == "" {
			return "-USAGE: <uuid> <var> [value]\n"
		}
		c, ok := x.manager.Find(id)
		if !ok {
			return apiNoChannel
		}
		var val any
		if given && value != "" {
			val = unquoted(value)
		}
		if err := c.vars.set(name, val); err != nil {
			return failed(err)
		}
		return apiOK
	}
	apis["uuid_dump"] = func(x *Exec, args string) string {
		id, format := firstWord(args)
		if id == "" {
			return "-USAGE: <uuid> [format]\n"
		}
		ctx, cancel := context.WithTimeout(context.Background(), dumpTimeout)
		defer cancel()
		i, err := x.manager.Info(ctx, id, true)
		if err != nil {
			return apiNoChannel
		}
		return dump(ChannelData(i), format)
	}
}

// dumpTimeout bounds the wait for a call that is busy.
const dumpTimeout = 2 * time.Second

// unquoted takes one pair of quotes off a value.
func unquoted(s string) string {
	if len(s) >= 2 && (s[0] == '\'' || s[0] == '"') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// dump writes the fields of a channel, one a line or as JSON.
func dump(fields []Field, format string) string {
	var b strings.Builder
	if format == "json" {
		b.WriteByte('{')
		for i, f := range fields {
			if i > 0 {
				b.WriteByte(',')
			}
			name, _ := json.Marshal(f.Name)
			value, _ := json.Marshal(text(f.Value))
			b.Write(name)
			b.WriteByte(':')
			b.Write(value)
		}
		b.WriteString("}\n")
		return b.String()
	}
	for _, f := range fields {
		b.WriteString(f.Name + ": " + strings.NewReplacer("\n", " ", "\r", " ").Replace(text(f.Value)) + "\n")
	}
	return b.String()
}

// channelVariable returns a variable of the call, or one of those that FreeSWITCH has
// by itself.
func (c *Call) channelVariable(name string) (string, bool) {
	if v, ok := c.vars.get(name); ok {
		return shownValue(v), true
	}
	if h, ok := strings.CutPrefix(name, "sip_h_"); ok && c.dialog != nil {
		v := header(c.dialog.Invite(), h)
		return v, v != ""
	}
	i := c.short(time.Now())
	v, ok := ownVariables[name]
	if !ok {
		return "", false
	}
	s := v(&i)
	return s, s != ""
}

// shownValue is a variable as text: tables as JSON.
func shownValue(v any) string {
	switch v.(type) {
	case map[string]any, []any:
		b, _ := json.Marshal(v)
		return string(b)
	}
	return text(v)
}
