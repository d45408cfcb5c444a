package esl

import (
	"regexp"
	"strings"
)

// Bounds of what one client may ask for.
const (
	maxSubclasses = 1024
	maxFilters    = 256
)

// listening is what a client wants to hear of. The lock of the bus is held.
type listening struct {
	on         bool // it listens
	mine       bool // to the call that it controls only
	all        bool
	names      [2]uint64 // bits, by kind
	subclasses map[string]bool
	format     format
	filters    []filter
}

func (l *listening) set(k kind)      { l.names[k/64] |= 1 << (k % 64) }
func (l *listening) unset(k kind)    { l.names[k/64] &^= 1 << (k % 64) }
func (l *listening) has(k kind) bool { return l.names[k/64]&(1<<(k%64)) != 0 }

// wants tells whether events of that kind are asked for.
func (l *listening) wants(k kind, subclass string) bool {
	switch {
	case !l.on:
		return false
	case l.all:
		return true
	case !l.has(k):
		return false
	}
	return k != kindCustom || subclass == "" || l.subclasses[subclass]
}

// filter lets events through whose header has a value, or keeps them away.
type filter struct {
	name, text string // as the client wrote them
	negative   bool
	value      string
	pattern    *regexp.Regexp
	regex      bool
}

func newFilter(name, text string) filter {
	f := filter{name: name, text: text, value: text}
	for f.value != "" && strings.IndexByte("+- ", f.value[0]) >= 0 {
		if f.value[0] != ' ' {
			f.negative = f.value[0] == '-'
		}
		f.value = f.value[1:]
	}
	if !strings.HasPrefix(f.value, "/") {
		return f
	}
	f.regex = true
	body, flags := f.value[1:], ""
	if end := strings.LastIndexByte(body, '/'); end >= 0 {
		body, flags = body[:end], body[end+1:]
	}
	if strings.Contains(flags, "i") {
		body = "(?i)" + body
	}
	f.pattern, _ = regexp.Compile(body) // what is no pattern matches nothing, as in the original
	return f
}

func (f *filter) matches(value string) bool {
	if f.regex {
		return f.pattern != nil && f.pattern.MatchString(value)
	}
	return strings.EqualFold(f.value, value)
}

// passes runs the filters: one that matches is enough, and a negative one that matches
// keeps the event away whatever the others say.
func (l *listening) passes(e *event) bool {
	if len(l.filters) == 0 {
		return true
	}
	through := false
	for i := range l.filters {
		f := &l.filters[i]
		if through && !f.negative {
			continue
		}
		value, ok := e.get(f.name)
		if !ok || !f.matches(value) {
			continue
		}
		if f.negative {
			return false
		}
		through = true
	}
	return through
}

// event is the command "event plain|json|xml NAME... CUSTOM subclass...".
func (c *conn) event(_ *command, args string) string {
	b := c.server.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	l, found, custom := &c.listening, false, false
	for i, word := range strings.Fields(args) {
		if i == 0 {
			if f, ok := formatOf(word); ok {
				l.format = f
				continue
			}
		}
		if custom {
			l.addSubclass(word)
			continue
		}
		k, ok := kindOf(word)
		if !ok {
			continue
		}
		found = true
		switch k {
		case kindAll:
			l.all = true
		case kindCustom:
			custom = true
			l.set(k)
		default:
			l.set(k)
		}
	}
	if !found {
		return "-ERR no keywords supplied"
	}
	l.on = true
	b.place(c)
	c.answer("+OK event listener enabled " + l.format.String()) // before any event of them
	return ""
}

func (l *listening) addSubclass(name string) {
	if l.subclasses == nil {
		l.subclasses = make(map[string]bool)
	}
	if len(l.subclasses) < maxSubclasses {
		l.subclasses[name] = true
	}
}

// nixevent takes names back.
func (c *conn) nixevent(_ *command, args string) string {
	b := c.server.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	l, found, custom := &c.listening, false, false
	for _, word := range strings.Fields(args) {
		if custom {
			delete(l.subclasses, word)
			continue
		}
		k, ok := kindOf(word)
		if !ok {
			continue
		}
		found = true
		switch {
		case k == kindCustom:
			custom = true
		case k == kindAll:
			l.all, l.names = false, [2]uint64{}
		default:
			if l.all {
				l.all = false
				l.names = [2]uint64{^uint64(0), ^uint64(0)}
			}
			l.unset(k)
		}
	}
	if !found {
		return "-ERR no keywords supplied"
	}
	l.on = true
	b.place(c)
	return "+OK events nixed"
}

// noevents ends the listening and forgets what waits.
func (c *conn) noevents(*command, string) string {
	b := c.server.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if !c.on {
		return "-ERR not listening for events"
	}
	c.on, c.all, c.names, c.subclasses = false, false, [2]uint64{}, nil
	b.place(c)
	c.out.flush()
	return "+OK no longer listening for events"
}

// myevents listens to one call: the one named, or that of an application.
func (c *conn) myevents(cmd *command, args string) string {
	b := c.server.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.mine {
		return "-ERR aready enabled." // the original writes it so
	}
	if c.session == "" {
		id, word, _ := strings.Cut(args, " ")
		if id == "" {
			return notFound
		}
		if !b.alive(id) {
			if word != "" {
				return "-ERR invalid uuid"
			}
			id = "" // as in the original: accepted, and nothing comes
		}
		if f, ok := formatOf(strings.TrimSpace(word)); ok {
			c.format = f
		}
		c.control(id)
	} else if f, ok := formatOf(args); ok {
		c.format = f
	}
	c.on, c.mine = true, true
	for _, k := range myEvents {
		c.set(k)
	}
	b.place(c)
	return "+OK Events Enabled"
}

// filter adds a filter or deletes some.
func (c *conn) filter(cmd *command, args string) string {
	b := c.server.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if args == "" {
		return notFound
	}
	name, value, given := strings.Cut(args, " ")
	switch {
	case strings.EqualFold(name, "delete") && given:
		name, value, _ = strings.Cut(value, " ")
		c.unfilter(name, value)
		return "+OK filter deleted. [" + name + "][" + value + "]"
	case strings.EqualFold(name, "add") && given:
		if name, value, given = strings.Cut(value, " "); !given {
			return "-ERR invalid syntax"
		}
	case !given:
		return "-ERR invalid syntax"
	}
	if len(c.filters) >= maxFilters {
		return "-ERR too many filters"
	}
	c.filters = append(c.filters, newFilter(name, value))
	return "+OK filter added. [" + name + "]=[" + value + "]"
}

func (l *listening) unfilter(name, value string) {
	if strings.EqualFold(name, "all") {
		l.filters = nil
		return
	}
	kept := l.filters[:0]
	for _, f := range l.filters {
		if !strings.EqualFold(f.name, name) || value != "" && f.text != value {
			kept = append(kept, f)
		}
	}
	clear(l.filters[len(kept):])
	l.filters = kept
}
