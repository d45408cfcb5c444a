package call

import (
	"strings"

	"rms/media/record"
	"rms/media/record/ledger"
	"rms/media/wav"
)

// defaultRecording is the name of a recording that was given none.
const defaultRecording = "record"

// recordFormats are the samples that a file may hold, by the names that scripts use.
var recordFormats = map[string]wav.Encoding{"pcm": wav.PCM, "wav": wav.PCM, "ulaw": wav.Mulaw, "alaw": wav.Alaw}

// newRecording makes a recording of the arguments of record_start.
func (c *Call) newRecording(a Args) (*recording, error) {
	o := &c.manager.opts.Recording
	r := &recording{call: c, name: a.String("name"), route: a.String("route")}
	set := &r.set
	set.format = a.words("format", or(o.Format, "pcm"))
	if set.format == "wav" {
		set.format = "pcm"
	}
	set.rate = a.Int("rate")
	set.required = a.flag("required", o.Required)
	set.beep = a.Bool("beep")
	set.terminators = strings.ToUpper(a.String("terminators"))
	if err := areKeys(set.terminators); err != nil {
		return nil, recordParam("terminators", err)
	}
	if r.name == "" || len(r.name) > maxFileName {
		return nil, recordParam("name", errRecordName)
	}
	var err error
	s := &set.spec
	if s.Sides, err = record.ParseSides(a.words("sides", or(o.Sides, "stereo"))); err != nil {
		return nil, recordParam("sides", err)
	}
	if s.Fill, err = record.ParseFill(a.words("fill", o.Fill)); err != nil {
		return nil, recordParam("fill", err)
	}
	s.Call, s.Name, s.File, s.Template = c.id, r.name, c.belowRoot(a.String("file")), o.Template
	s.Value = c.recordValue
	s.Encoding = recordFormats[set.format]
	s.Append, s.Trim = a.Bool("append"), a.Bool("trim")
	s.Max, s.Silence, s.Threshold = a.Duration("max"), a.Duration("silence_stop"), a.Float("silence_threshold")
	if a.flag("encrypt", true) {
		if s.Recipients = o.Recipients; len(s.Recipients) == 0 && a.Has("encrypt") {
			return nil, recordParam("encrypt", errNoKeys)
		}
	}
	s.Labels = c.siprecIn.labels()
	s.Sidecar = c.sidecar(set)
	for _, to := range s.Recipients {
		s.Sidecar.EncryptedTo = append(s.Sidecar.EncryptedTo, to.Name)
	}
	return r, nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// sidecar is what the call knows of its recording.
func (c *Call) sidecar(set *recordSettings) ledger.Sidecar {
	i := c.whoCalls()
	s := ledger.Sidecar{Required: set.required, Parties: []ledger.Party{{Role: "caller", URI: i.From}, {Role: "callee", URI: i.To}}}
	if c.dialog == nil {
		return s
	}
	invite := c.dialog.Invite()
	s.Parties[0].Name, s.Parties[1].Name = invite.From().Display, invite.To().Display
	for _, name := range c.manager.opts.Recording.Headers {
		if list := invite.Header(name); len(list) > 0 {
			if s.Headers == nil {
				s.Headers = map[string]string{}
			}
			s.Headers[name] = strings.Join(list, ", ")
		}
	}
	c.siprecIn.describe(&s, set.spec.Labels, nil)
	return s
}

// whoCalls is what the INVITE, or the connection of AudioSocket, says.
func (c *Call) whoCalls() Info {
	if c.dialog == nil {
		return c.socketInfo()
	}
	return infoOf(c.dialog.Invite())
}

// recordValue finds what a name in a template stands for that each recording does not
// have by itself.
func (c *Call) recordValue(name string) string {
	i := c.whoCalls()
	switch name {
	case "user":
		return i.FromUser
	case "from":
		return i.From
	case "to":
		return i.To
	}
	v, _ := c.vars.get(name)
	return text(v)
}
