package call

import (
	"fmt"
	"io"
	"strings"
	"text/template"
	"time"
)

//go:generate go run ./gen ../docs

const verbsText = `# Verbs

Written by ` + "`go generate ./call`" + ` from the table of verbs: do not edit.

A verb is a global function in a script (` + "`rms_play(\"hello.wav\", \"rms:after_play\")`" + `), a function of the table
` + "`rms`" + ` with positional or named arguments (` + "`rms.play{file = \"hello.wav\", route = \"rms:after_play\"}`" + `), and for
Kamailio users ` + "`KSR.rtp_media_server.rms_play(...)`" + `, which returns 1 or -1. The first two return true or the verb's
result, or ` + "`nil, reason`" + `; in Starlark (` + "`rms.play(file = \"hello.wav\")`" + `) None, and ` + "`rms.error()`" + ` is the reason. A wrong type, an unknown parameter or a missing argument is an error with file and line.

A verb whose event comes exactly once has a second form, ` + "`rms.play_wait{file = \"hello.wav\"}`" + `: the lines below go on
when the event has come, and get its fields (` + "`r.reason`" + `). A wait in a call that has ended ends the run.
{{range .}}
## rms_{{.Name}}({{range $i, $p := .Params}}{{if $i}}, {{end}}{{$p.Name}}{{end}})
{{if .Aliases}}
Also: {{range $i, $a := .Aliases}}{{if $i}}, {{end}}` + "`rms_{{$a}}`" + `{{end}}
{{end}}
{{.Doc}}

Returns {{.Result}}.{{if .NoCall}} Works without a call.{{end}}{{if .Waits}} Scripts wait for its event with ` + "`rms.{{.Name}}_wait`" + `{{if .Pauses}} or ` + "`rms.{{.Name}}`" + ` without a route{{end}}.{{end}}
{{if .Params}}
| parameter | kind | default | meaning |
|---|---|---|---|
{{range .Params}}| {{.Name}} | {{kind .}} | {{standard .}} | {{.Doc}}{{limits .}} |
{{end}}{{end}}{{end}}`

const eventsText = `# Events

Written by ` + "`go generate ./call`" + ` from the table of events: do not edit.

A script handles an event with ` + "`event_route[\"rms:start\"] = function(call) ... end`" + `, in Starlark with
` + "`event_route[\"rms:start\"] = start`" + ` where ` + "`start`" + ` is a function of one argument. The fields are values of the
handler's argument: ` + "`call.codec`" + `. Every event also has ` + "`call.id`" + ` and ` + "`call.event`" + `, its name.
{{range .}}
## {{.Name}}

When: {{.When}}.
{{if .Fields}}
| field | meaning |
|---|---|
{{range .Fields}}| {{.Name}} | {{.Doc}} |
{{end}}{{end}}{{end}}`

// VerbsMarkdown writes docs/verbs.md.
func VerbsMarkdown(w io.Writer) error {
	return template.Must(template.New("verbs").Funcs(template.FuncMap{
		"kind": paramKind, "standard": paramDefault, "limits": paramLimits,
	}).Parse(verbsText)).Execute(w, Verbs())
}

// EventsMarkdown writes docs/events.md.
func EventsMarkdown(w io.Writer) error {
	return template.Must(template.New("events").Parse(eventsText)).Execute(w, Events)
}

func paramKind(p Param) string {
	if len(p.Enum) > 0 {
		return strings.Join(p.Enum, ", ")
	}
	return p.Kind.String()
}

func paramDefault(p Param) string {
	switch {
	case p.Required:
		return "required"
	case p.Default == nil:
		return ""
	}
	if d, ok := p.Default.(time.Duration); ok {
		return d.String()
	}
	return fmt.Sprint(p.Default)
}

func paramLimits(p Param) string {
	if p.Max <= p.Min {
		return ""
	}
	unit := p.Unit
	if unit != "" {
		unit = " " + unit
	}
	return fmt.Sprintf("; %v to %v%s", p.Min, p.Max, unit)
}
