package esl

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"rms/call"
)

// filePlayed is what a play that was heard, or broken off, says at its end.
const filePlayed = "FILE PLAYED"

// application is something that sendmsg may execute.
type application struct {
	lasts    bool   // it may take its time
	response string // at its end, when it says nothing else; "": _none_
	failed   string // when it could not begin; "": -ERR and the reason

	// begin does it. wait, when there is one, returns at its end with the response.
	begin func(r *run) (wait func() string, err error)
}

// run is one turn of an application.
type run struct {
	server *Server
	id     string          // of the call
	data   string          // its argument, variables put in
	gone   <-chan struct{} // closed when the call hangs up
}

// applications are those of FreeSWITCH that make sense for a call with one leg.
var applications map[string]*application

func init() {
	applications = map[string]*application{
		"answer":              {begin: command0("uuid_answer")},
		"pre_answer":          {begin: verb0("progress")},
		"ring_ready":          {begin: verb0("ring")},
		"playback":            {lasts: true, response: filePlayed, failed: "FILE NOT FOUND", begin: (*run).playback},
		"endless_playback":    {lasts: true, response: filePlayed, failed: "FILE NOT FOUND", begin: (*run).endlessPlayback},
		"hangup":              {begin: (*run).hangup},
		"respond":             {begin: (*run).respond},
		"redirect":            {begin: (*run).redirect},
		"sleep":               {lasts: true, begin: (*run).sleep},
		"set":                 {begin: (*run).set},
		"export":              {begin: (*run).set},
		"multiset":            {begin: (*run).multiset},
		"unset":               {begin: (*run).unset},
		"play_and_get_digits": {lasts: true, begin: (*run).playAndGetDigits},
		"read":                {lasts: true, begin: (*run).read},
		"send_dtmf":           {begin: command1("uuid_send_dtmf")},
		"park":                {lasts: true, begin: (*run).park},
		"break":               {begin: (*run).breaks},
		"echo":                {lasts: true, begin: (*run).echo},
		"log":                 {begin: (*run).log},
		"info":                {begin: func(*run) (func() string, error) { return nil, nil }},
		"record":              {lasts: true, begin: (*run).record},
		"record_session":      {begin: (*run).recordSession},
		"stop_record_session": {begin: (*run).stopRecordSession},
		"socket":              {lasts: true, begin: func(*run) (func() string, error) { return nil, errors.New("it is a verb of scripts") }},
	}
}

// absent names applications that clients ask for and that are not here, and what lacks.
var absent = map[string]string{
	"bridge": "bridges", "uuid_bridge": "bridges", "transfer": "transfers", "deflect": "transfers", "conference": "conferences", "speak": "speech", "detect_speech": "speech",
	"originate": "originated calls", "eavesdrop": "bridges", "fifo": "queues", "voicemail": "mailboxes",
}

// unavailable is the reason why an application cannot be run, "" when it can.
func unavailable(app string) string {
	if applications[app] != nil && app != "socket" || strings.HasPrefix(app, "rms_") {
		return ""
	}
	if what, ok := absent[app]; ok {
		return "application " + app + " is not available: this version of rms has no " + what
	}
	return "application " + oneLine(app[:min(len(app), 100)]) + " is not available"
}

// applicationOf finds an application; each verb is one too.
func applicationOf(name string) *application {
	if app := applications[name]; app != nil {
		return app
	}
	return &application{begin: command1(name)}
}

// command0 is an application that is a command about the call.
func command0(name string) func(*run) (func() string, error) {
	return func(r *run) (func() string, error) { return nil, r.command(name + " " + r.id) }
}

// command1 is command0 with the argument behind it.
func command1(name string) func(*run) (func() string, error) {
	return func(r *run) (func() string, error) { return nil, r.command(name + " " + r.id + " " + r.data) }
}

func verb0(name string) func(*run) (func() string, error) {
	return func(r *run) (func() string, error) { return nil, r.verb(name, nil) }
}

// command runs a command of the verb table's other face.
func (r *run) command(text string) error {
	out := r.server.execute(text)
	if strings.HasPrefix(out, "-") {
		return errors.New(strings.TrimSpace(strings.TrimPrefix(out, "-ERR ")))
	}
	return nil
}

// verb uses a verb of the call.
func (r *run) verb(name string, args map[string]any) error {
	x, v, a, err := r.bind(name, args)
	if err == nil {
		_, err = x.Invoke(v, a)
	}
	return err
}

func (r *run) bind(name string, args map[string]any) (*call.Exec, *call.Verb, call.Args, error) {
	v, ok := call.Lookup(name)
	if !ok {
		return nil, nil, call.Args{}, call.Unknown(name)
	}
	a, err := v.Bind(nil, args)
	if err != nil {
		return nil, nil, a, err
	}
	x, err := r.server.opts.Manager.Door(r.id, call.FromAPI)
	return x, v, a, err
}

// start uses a verb that has an event at its end. wait returns that event when the bus
// has told of it too.
func (r *run) start(name string, args map[string]any) (wait func() *call.Event, err error) {
	x, v, a, err := r.bind(name, args)
	if err != nil {
		return nil, err
	}
	type end struct {
		event *call.Event
		told  <-chan struct{}
	}
	ended := make(chan end, 1)
	s := r.server
	_, err = x.InvokeThen(v, a, func(ev *call.Event) { ended <- end{ev, s.bus.marks.await(r.id, ev.Time)} })
	if err != nil {
		return nil, err
	}
	return func() *call.Event {
		select {
		case e := <-ended:
			select {
			case <-e.told:
			case <-s.quit:
			}
			return e.event
		case <-s.quit:
			return &call.Event{}
		}
	}, nil
}

// playback plays a file. A call that is not answered gets early media first.
func (r *run) playback() (func() string, error) {
	return r.play(map[string]any{"file": fileOf(r.data)})
}

func (r *run) endlessPlayback() (func() string, error) {
	return r.play(map[string]any{"file": fileOf(r.data), "loop": true})
}

func (r *run) play(args map[string]any) (func() string, error) {
	file := textOf(args["file"])
	if file == "" {
		return nil, errors.New("there is no file to play")
	}
	r.own(file, 1)
	wait, err := r.start("play", args)
	if call.ClassOf(err) == call.ClassState {
		if r.verb("progress", nil) == nil {
			wait, err = r.start("play", args)
		}
	}
	if err != nil {
		r.own(file, -1)
		return nil, err
	}
	return func() string {
		if textOf(wait().Get("reason")) == call.ReasonError {
			return "FILE NOT FOUND"
		}
		return filePlayed
	}, nil
}

// own tells the bus that the next play of a file is this application's.
func (r *run) own(file string, n int) {
	b := r.server.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := b.channels[r.id]
	if ch == nil {
		return
	}
	if n < 0 {
		ch.disown(file)
		return
	}
	if ch.own == nil {
		ch.own = make(map[string]int)
	}
	ch.own[file]++
}

// fileOf reads what FreeSWITCH writes for a file.
func fileOf(text string) string {
	if ms, ok := strings.CutPrefix(text, "silence_stream://"); ok {
		ms, _, _ = strings.Cut(ms, ",")
		return "silence:" + ms + "ms"
	}
	return strings.TrimPrefix(text, "file://")
}

func (r *run) sleep() (func() string, error) {
	ms, err := strconv.ParseUint(strings.TrimSpace(r.data), 10, 32)
	if err != nil {
		return nil, errors.New("sleep wants milliseconds")
	}
	wait, err := r.start("sleep", map[string]any{"seconds": time.Duration(ms * uint64(time.Millisecond)).Seconds()}) //nolint:gosec // 32 bits
	if err != nil {
		return nil, err
	}
	return func() string { wait(); return "" }, nil
}

// park waits for the end of the call.
func (r *run) park() (func() string, error) {
	if !r.server.bus.park(r.id) {
		return nil, call.ErrGone
	}
	return r.untilTheEnd, nil
}

// untilTheEnd waits until the call has hung up, which tells the end of the application.
func (r *run) untilTheEnd() string {
	select {
	case <-r.gone:
	case <-r.server.quit:
	}
	return ""
}

// park tells that a call waits for what its client says; false: it is over.
func (b *bus) park(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := b.channels[id]
	if ch == nil || ch.hung {
		return false
	}
	if !ch.parked {
		ch.parked = true
		b.emitLocked(occasion{name: namePark, call: id, where: "park"}, nil)
	}
	return true
}

func (r *run) echo() (func() string, error) {
	if err := r.verb("echo", nil); err != nil {
		return nil, err
	}
	return r.untilTheEnd, nil
}

func (r *run) breaks() (func() string, error) {
	_ = r.verb("collect_stop", nil) // there may be none
	return nil, r.command("uuid_break " + r.id)
}
