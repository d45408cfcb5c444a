package audiostream

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Replies of the commands: the whole body of an api/response.
const (
	OK      = "+OK Success\n"
	Failed  = "-ERR Operation Failed\n"
	NoReply = "-ERR no reply\n" // what FreeSWITCH shows when a command wrote nothing
	Usage   = "-USAGE: <uuid> [start | stop | send_text | pause | resume | graceful-shutdown ] " +
		"[wss-url | path] [mono | mixed | stereo] [8000 | 16000] [metadata]\n"
)

// MaxMetadata is the longest metadata of a start, in bytes.
const MaxMetadata = 8192

// maxLine bounds a command as a whole, in bytes.
const maxLine = 1 << 20

// Verbs of the commands, as Command.Verb has them.
const (
	Start    = "start"
	Stop     = "stop"
	SendText = "send_text"
	Pause    = "pause"
	Resume   = "resume"
	Shutdown = "graceful-shutdown" // no more audio to the server, the socket stays for its last results
	StopPlay = "stop_play"         // mod_audio_fork of jambonz: as KillAudio
)

// Command is one uuid_audio_stream or uuid_audio_fork.
type Command struct {
	UUID string // of the call
	Verb string // one of the constants
	Name string // bug name of a uuid_audio_fork: which stream of the call; "" is the only one
	Text string // metadata of start, the text of stop and send_text

	// Of start.
	URL  *url.URL // ws or wss
	Mix  string   // mono, mixed or stereo
	Rate int      // in Hz
	Play bool     // audio of the server is played to the caller (bidirectional, jambonz)
	// Raw: the server sends audio as binary frames, in PlayRate.
	Raw      bool
	PlayRate int // 0 is Rate
	// Fork: the command is of mod_audio_fork, whose settings have names of their own.
	Fork bool
}

// Reply is what a command that cannot be done is answered with. The zero Reply
// says that it can.
type Reply struct {
	Text string // one of the constants; "" when there is nothing to refuse
	Why  string // for the log and the event
}

// Refused reports whether r refuses the command.
func (r Reply) Refused() bool { return r.Text != "" }

func refuse(text, format string, args ...any) Reply {
	return Reply{Text: text, Why: fmt.Sprintf(format, args...)}
}

// ParseCommand reads the arguments of uuid_audio_stream, all that comes after its
// name. Command.UUID and Verb are set with a refusal too, when they were there: a
// call that is not known is answered with Failed, whatever else is wrong, unless it
// is Usage.
func ParseCommand(args string) (Command, Reply) {
	c, r := head(args)
	if r.Refused() {
		return c, r
	}
	switch c.Verb {
	case Start:
		return c.start(split(args, 6), CheckURL)
	case Stop, SendText, Pause, Resume, Shutdown:
		return c.rest(split(args, 3)[2:])
	}
	return c, refuse(Failed, "unknown verb %q", c.Verb)
}

// head reads the call and the verb.
func head(args string) (Command, Reply) {
	if len(args) > maxLine {
		return Command{}, refuse(Failed, "command of %d bytes", len(args))
	}
	a := split(args, 3)
	if len(a) < 2 {
		return Command{}, refuse(Usage, "fewer than 2 arguments")
	}
	return Command{UUID: a[0], Verb: strings.ToLower(a[1])}, Reply{}
}

// start reads what a stream needs, <uuid> start <url> <mix> [rate] [metadata], in
// the order in which the original judges it.
func (c Command) start(a []string, check func(string) (*url.URL, error)) (Command, Reply) {
	if len(a) < 4 {
		return c, refuse(Usage, "start with fewer than 4 arguments")
	}
	switch c.Mix = a[3]; c.Mix {
	case "mono", "mixed", "stereo":
	default:
		return c, refuse(NoReply, "mix type %q: allowed are mono, mixed, stereo", c.Mix)
	}
	c.Rate = 8000
	var err error
	if len(a) > 4 {
		if c.Rate, err = ParseRate(a[4]); err != nil {
			return c, refuse(Failed, "%s", err)
		}
	}
	if c.URL, err = check(a[2]); err != nil {
		return c, refuse(Failed, "%s", err)
	}
	if len(a) > 5 {
		c.Text = a[5]
	}
	if len(c.Text) > MaxMetadata {
		return c, refuse(Failed, "metadata of %d bytes: allowed are %d", len(c.Text), MaxMetadata)
	}
	return c, c.checkText()
}

// rest reads the arguments of all verbs but start.
func (c Command) rest(a []string) (Command, Reply) {
	if len(a) > 0 {
		c.Text = a[0]
	}
	if c.Verb == SendText && c.Text == "" {
		return c, refuse(NoReply, "send_text without a text")
	}
	return c, c.checkText()
}

// checkText refuses what a text frame must not hold (RFC 6455 section 8.1).
func (c Command) checkText() Reply {
	if !utf8.ValidString(c.Text) {
		return refuse(NoReply, "text of %s is not UTF-8", c.Verb)
	}
	return Reply{}
}
