package call

import (
	"encoding/json"
	"strconv"
	"strings"
)

// verbPrefix begins the commands that are verbs: rms_play <uuid> hello.wav.
const verbPrefix = "rms_"

// verbCommand runs any verb: the id of the call, then its arguments in order or as
// name=value. A verb that needs no call may stand without the id.
func (x *Exec) verbCommand(name, args string) string {
	v, ok := Lookup(name)
	if !ok {
		return failed(Unknown(cut(name, 100)))
	}
	if v.Name == "api" {
		return x.notFound(name) // a command is no command of its own
	}
	words, err := SplitWords(args)
	if err != nil {
		return failed(v.errorf("%s", err))
	}
	door := &Exec{Origin: x.Origin, Event: x.Event, manager: x.manager, viaAPI: true}
	if len(words) > 0 {
		if c, live := x.manager.Find(words[0].Text); live {
			door.call, door.key = c, c.id
			words = words[1:]
		}
	}
	if door.call == nil && !v.NoCall {
		if len(words) == 0 {
			return "-USAGE: " + v.usage() + "\n"
		}
		return failed(ErrNoSuchCall)
	}
	a, err := v.BindWords(words)
	if err != nil {
		return failed(err)
	}
	result, err := door.Invoke(v, a)
	if err != nil {
		return failed(err)
	}
	return succeeded(result)
}

func (v *Verb) usage() string {
	var b strings.Builder
	b.WriteString(verbPrefix + v.Name)
	if v.NoCall {
		b.WriteString(" [<uuid>]")
	} else {
		b.WriteString(" <uuid>")
	}
	for i := range v.Params {
		if v.Params[i].Required {
			b.WriteString(" <" + v.Params[i].Name + ">")
		} else {
			b.WriteString(" [" + v.Params[i].Name + "]")
		}
	}
	return b.String()
}

// failed is the reply for an error, on one line.
func failed(err error) string {
	return "-ERR " + strings.NewReplacer("\n", " ", "\r", " ").Replace(err.Error()) + "\n"
}

// succeeded is the reply for a result: tables as JSON.
func succeeded(result any) string {
	switch t := result.(type) {
	case nil:
		return "+OK\n"
	case string:
		return "+OK " + t + "\n"
	case bool:
		return "+OK " + strconv.FormatBool(t) + "\n"
	}
	b, err := json.Marshal(result)
	if err != nil {
		return failed(err)
	}
	return "+OK " + string(b) + "\n"
}
