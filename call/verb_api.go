package call

import (
	"sort"
	"strings"
)

// api is a command of FreeSWITCH that answers here too, word for word. It gets its
// arguments as one text and returns the reply as the original writes it.
type api func(x *Exec, args string) string

// apis are the commands by name. Their files add them.
var apis = map[string]api{}

func init() {
	Register(&Verb{
		Name: "api",
		Doc: "Runs a command of FreeSWITCH on any call, and returns its reply word for word: uuid_audio_stream and uuid_audio_fork " +
			"(mod_audio_stream, mod_audio_fork), uuid_rst and rst_stop (mod_rst), uuid_answer, uuid_broadcast, uuid_break, uuid_kill, uuid_getvar, " +
			"uuid_setvar, uuid_dump, uuid_exists, uuid_send_dtmf, show calls, show channels, status, version, create_uuid, reloadxml; and each verb " +
			"as rms_<verb> <uuid> with its arguments in order or as name=value. What went wrong with a stream is in the log and in rms:stream_error.",
		Result: "the reply: \"+OK ...\", \"-ERR ...\" or \"-USAGE ...\"",
		NoCall: true, Free: true,
		Params: []Param{{Name: "command", Kind: String, Required: true, Doc: "the command with its arguments"}},
		Run: func(x *Exec, a Args) (any, error) {
			return x.API(a.String("command")), nil
		},
	})
}

// API runs a command and returns its reply.
func (x *Exec) API(command string) string {
	command = strings.TrimRight(strings.TrimLeft(command, " "), "\r\n")
	name, args, _ := strings.Cut(command, " ")
	if strings.HasPrefix(name, verbPrefix) {
		return x.verbCommand(name, args)
	}
	run, ok := apis[name]
	if !ok {
		return x.notFound(name)
	}
	return run(x, args)
}

func (x *Exec) notFound(name string) string {
	x.Log().Warn().Str("command", cut(name, 100)).Str("known", knownAPIs()).Msg("api command not found")
	return "-ERR " + cut(name, 100) + " Command not found!\n"
}

func knownAPIs() string {
	var names []string
	for n := range apis {
		names = append(names, n)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

// on runs op in the mailbox of the call with that id.
func (x *Exec) on(id string, op func(x *Exec) error) error {
	c, ok := x.manager.Find(id)
	if !ok {
		return ErrGone
	}
	there := &Exec{Origin: x.Origin, Event: x.Event, manager: x.manager, call: c, viaAPI: true}
	_, err := there.inCall("api", func() (any, error) { return nil, op(there) })
	return err
}
