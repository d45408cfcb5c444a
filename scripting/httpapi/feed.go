package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rms/call"
)

// What may wait for one subscriber. With what the kernel keeps (sendBuffer) and an
// event that is being written it stays below 4 MB.
const (
	feedEvents = 8192
	feedBytes  = 2 << 20
)

// filter says which events a subscriber wants.
type filter struct {
	Calls []string `json:"calls"`
	Names []string `json:"names"`
}

// Bounds of a filter.
const (
	maxFilter     = 100
	maxFilterName = 256
)

// filterOf reads ?call= and ?name=, each several times or with commas.
func filterOf(q url.Values) (filter, error) {
	var f filter
	for name, values := range q {
		switch name {
		case "call":
			f.Calls = words(values)
		case "name":
			f.Names = words(values)
		default:
			return f, wrong(short(name), "unknown parameter of the query (has: call, name)")
		}
	}
	return f, f.check()
}

func words(values []string) []string {
	var out []string
	for _, v := range values {
		for word := range strings.SplitSeq(v, ",") {
			if word = strings.TrimSpace(word); word != "" && !slices.Contains(out, word) {
				out = append(out, word)
			}
		}
	}
	return out
}

func (f *filter) check() error {
	for name, list := range map[string][]string{"call": f.Calls, "name": f.Names} {
		if len(list) > maxFilter {
			return wrong(name, "at most "+strconv.Itoa(maxFilter)+" of them")
		}
		for _, word := range list {
			if len(word) > maxFilterName {
				return wrong(name, "at most "+strconv.Itoa(maxFilterName)+" characters each")
			}
			if i := strings.IndexByte(word, '*'); name == "name" && i >= 0 && i < len(word)-1 {
				return wrong(name, "a * can only stand at the end: rms:stream_*")
			}
		}
	}
	return nil
}

// feed is what one subscriber gets: events with ids.
//
// An id is "boot.n": at most n events of this server, of all calls and names, had
// happened when this one had, and all that the subscriber wanted of the first n have
// been told. So the events since are no more than those that the server counts
// beyond n; without a filter they are exactly these.
type feed struct {
	server *Server
	sub    *call.Subscription
	exact  bool // no filter: n counts every event

	known uint64 // events of the server at the last look, all told
	since uint64 // events told, and lost, since then

	counted, later uint64 // the same of the look after that

	old map[*call.Event]bool // told by the subscription before, see change
}

// subscribe begins a feed. A server has room for so many; leave ends it.
func (s *Server) subscribe(f filter) (*feed, error) {
	if n := s.streams.Add(1); int(n) > s.opts.MaxStreams {
		s.streams.Add(-1)
		return nil, fault("busy", "there are "+strconv.Itoa(s.opts.MaxStreams)+" subscribers already")
	}
	fd := &feed{server: s, known: s.opts.Calls.Stats().Events}
	fd.begin(f)
	return fd, nil
}

func (fd *feed) begin(f filter) {
	fd.exact = len(f.Calls) == 0 && (len(f.Names) == 0 || slices.Contains(f.Names, "*"))
	fd.sub = fd.server.opts.Calls.Subscribe(call.SubscribeOptions{Calls: f.Calls, Names: f.Names, Size: feedEvents, Bytes: feedBytes})
}

func (fd *feed) leave() {
	fd.sub.Close()
	fd.server.meters.lost.Add(fd.sub.Lost())
	fd.server.streams.Add(-1)
}

// next returns the next event, nil when none waits.
func (fd *feed) next() *told {
	for {
		ev := fd.sub.Poll()
		if ev == nil {
			fd.old = nil
			return nil
		}
		if fd.old[ev] {
			continue
		}
		return fd.tell(ev)
	}
}

func (fd *feed) tell(ev *call.Event) *told {
	n := uint64(1)
	if ev.Name == call.EventLost {
		lost, _ := ev.Get("count").(int64)
		n = uint64(max(lost, 0))
	}
	fd.since += n
	fd.later += n
	return &told{Event: ev, id: fd.id()}
}

// change gives the feed another filter. What waits of the one before is returned: it
// is told first. What both would tell of is told once.
func (fd *feed) change(f filter) (waiting []*told) {
	before := fd.sub
	fd.begin(f)
	before.Close()
	fd.server.meters.lost.Add(before.Lost())
	old := map[*call.Event]bool{}
	for ev := before.Poll(); ev != nil; ev = before.Poll() {
		old[ev] = true
		waiting = append(waiting, fd.tell(ev))
	}
	fd.exact, fd.old = false, old // events since the subscriber came were not all counted
	return waiting
}

// look counts anew from time to time, so that ids of a feed with a filter do not stay
// far behind. Call it when next has returned nil; what comes meanwhile is returned.
// A count is used at the next look only: what happened before it has surely been told
// by then.
func (fd *feed) look() *told {
	if fd.exact {
		return nil
	}
	n := fd.server.opts.Calls.Stats().Events
	if t := fd.next(); t != nil {
		return t
	}
	if fd.counted > 0 {
		fd.known, fd.since = fd.counted, fd.later
	}
	fd.counted, fd.later = n, 0
	return nil
}

func (fd *feed) id() string {
	return fd.server.boot + "." + strconv.FormatUint(fd.known+fd.since, 10)
}

// missed is the event for a subscriber that comes back and says what it had last.
// Nothing is told again, but it hears how much it lost.
func (fd *feed) missed(last string) *told {
	boot, text, _ := strings.Cut(last, ".")
	n, err := strconv.ParseUint(text, 10, 64)
	count, exact, reason := fd.known-min(n, fd.known), fd.exact, "reconnect"
	if boot != fd.server.boot || err != nil {
		count, exact, reason = fd.known, false, "restart"
	}
	ev := &call.Event{Name: call.EventLost, Kind: call.EventLost, Time: time.Now(), Fields: []call.Field{
		{Name: "count", Value: int64(count)}, //nolint:gosec // never that many
		{Name: "exact", Value: exact}, {Name: "reason", Value: reason},
	}}
	return &told{Event: ev, id: fd.id()}
}

// lastID is what a subscriber had last, "" when it does not say.
func lastID(r *http.Request) string { return r.Header.Get("Last-Event-ID") }
