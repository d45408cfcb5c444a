package esl

import (
	"slices"
	"strings"
	"time"

	"rms/call"
)

// channel is what the events of a call have told so far. The lock of the bus is held.
type channel struct {
	bus  *bus
	info *call.CallInfo // as it was last seen
	sent []header       // variables of the INVITE's own header fields

	state    string // of the call: invited, early, answered, leaving, over
	cs       string // state of the channel at its end
	created  time.Time
	progress time.Time
	early    time.Time // with media
	answered time.Time
	hungUp   time.Time
	cause    string
	held     bool
	parked   bool
	hung     bool // CHANNEL_HANGUP was sent
	plays    []heard
	own      map[string]int // files that applications are about to play
	last     []header       // variables of its end
}

// heard is a play that began.
type heard struct {
	file string
	own  string // the id of its event CHANNEL_EXECUTE; "" when an application told of it
}

// refresh looks at the call, as long as it is there.
func (ch *channel) refresh() {
	if i, err := ch.bus.server.opts.Manager.Snapshot(ch.info.ID, true); err == nil {
		ch.info = i
	}
}

func (ch *channel) name() string {
	for _, f := range call.ChannelData(ch.info) {
		if f.Name == "Channel-Name" {
			return textOf(f.Value)
		}
	}
	return ""
}

// describe adds what is known of the call to an event, as it was when the event's moment
// was told.
func (ch *channel) describe(e *event) {
	ch.refresh()
	i := *ch.info
	i.State = ch.state
	if i.Answered = nil; !ch.answered.IsZero() {
		i.Answered = &ch.answered
	}
	for _, f := range call.ChannelData(&i) {
		value := textOf(f.Value)
		switch f.Name {
		case "Channel-State":
			if ch.cs != "" {
				value = ch.cs
			}
		case "Channel-State-Number":
			if n, ok := stateNumbers[ch.cs]; ok {
				value = n
			}
		case "Caller-Channel-Progress-Time":
			value = micros(ch.progress)
		case "Caller-Channel-Progress-Media-Time":
			value = micros(ch.early)
		case "Caller-Channel-Hangup-Time":
			value = micros(ch.hungUp)
		}
		e.add(f.Name, value)
		if f.Name == "Answer-State" && ch.cause != "" {
			e.add("Hangup-Cause", ch.cause)
		}
	}
	for _, h := range ch.sent {
		if _, set := i.Variables[strings.TrimPrefix(h.name, "variable_")]; !set {
			e.headers = append(e.headers, h)
		}
	}
	e.headers = append(e.headers, ch.last...)
}

// stateNumbers are the numbers of the states of a channel that has ended.
var stateNumbers = map[string]string{"CS_HANGUP": "10", "CS_REPORTING": "11", "CS_DESTROY": "12"}

func micros(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return number(t.UnixMicro())
}

// maxSent bounds the header fields of the INVITE that events carry.
const maxSent = 32

// takeHeaders keeps the header fields of the INVITE that somebody made up: X-Name is the
// variable sip_h_X-Name.
func (ch *channel) takeHeaders(v any) {
	fields, _ := v.(map[string]any)
	for _, name := range slices.Sorted(keysOf(fields)) {
		upper := strings.ToUpper(name)
		if len(ch.sent) >= maxSent || !strings.HasPrefix(upper, "X-") && !strings.HasPrefix(upper, "P-") {
			continue
		}
		if list, _ := fields[name].([]any); len(list) > 0 {
			ch.sent = append(ch.sent, header{"variable_sip_h_" + name, textOf(list[0])})
		}
	}
	if list, _ := fields["User-Agent"].([]any); len(list) > 0 {
		ch.sent = append(ch.sent, header{"variable_sip_user_agent", textOf(list[0])})
	}
}

func keysOf(m map[string]any) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// channel returns what is known of the call of an event. A call that is heard of for the
// first time is told of.
func (b *bus) channel(ev *call.Event) *channel {
	if ch := b.channels[ev.Call]; ch != nil {
		return ch
	}
	ch := &channel{bus: b, info: &call.CallInfo{ID: ev.Call, Invited: ev.Time, State: "invited"}, state: "invited", created: ev.Time}
	ch.refresh()
	if ev.Kind == call.EventInvite {
		ch.takeHeaders(ev.Get("headers"))
	} else {
		ch.asSeen()
	}
	b.channels[ev.Call] = ch
	b.total++
	b.seconds.count(ev.Time)
	if ev.Kind == call.EventInvite {
		b.emitLocked(occasion{name: nameCreate, call: ev.Call, at: ev.Time, where: ev.Kind}, nil)
	}
	return ch
}

// find returns what is known of a call, or as much as can be had now; the lock is held.
func (b *bus) find(id string) *channel {
	ch := b.channels[id]
	if ch == nil {
		ch = &channel{bus: b, info: &call.CallInfo{ID: id, State: "invited"}}
		ch.refresh()
		ch.asSeen()
	}
	return ch
}

// asSeen takes the state from the call itself: what it told before was not heard.
func (ch *channel) asSeen() {
	ch.state, ch.created = ch.info.State, ch.info.Invited
	if at := ch.info.Answered; at != nil {
		ch.answered = *at
	}
}

// adopt keeps what is known of a call that began before anybody listened.
func (b *bus) adopt(id string) {
	b.sync()
	b.mu.Lock()
	defer b.mu.Unlock()
	if ch := b.find(id); ch.state == "invited" || ch.state == "early" || ch.state == "answered" {
		if _, live := b.server.opts.Manager.Find(id); live {
			b.channels[id] = ch
		}
	}
}

// describe is the event that answers connect: all that is known of a call.
func (b *bus) describe(id string) *event {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sequence++
	e := &event{kind: kinds[nameData], call: id}
	b.begin(e, occasion{name: nameData, call: id, where: "connect"})
	d := &event{}
	b.find(id).describe(d)
	for _, h := range d.headers { // the profile stands twice here, as in the original
		if rest, ok := strings.CutPrefix(h.name, "Caller-"); ok && !strings.HasPrefix(rest, "Channel-") {
			e.add("Channel-"+rest, h.value)
		}
	}
	e.headers = append(e.headers, d.headers...)
	return e
}
