package call

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"rms/sip"
)

// maxSocketPlaces bounds the addresses that one use of the verb may try.
const maxSocketPlaces = 8

// socketPort is where an address without a port goes, as in FreeSWITCH.
const socketPort = "8084"

// Socket is a call that is handed to an Event Socket application.
type Socket struct {
	CallID string
	Places []string // host:port, to be tried in this order
	Async  bool     // commands do not wait for each other
	Full   bool     // commands that are not about this call are allowed too
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

// SocketApp connects to the application and serves it. ctx is for connecting only: it
// ends when the call does. It returns when the application has let go of the call, or
// long after the call has ended, and tells whether the script goes on with a call that
// has not. An error means that nobody could be had.
type SocketApp func(ctx context.Context, s Socket) (resume bool, err error)

// handed is one use of the verb socket.
type handed struct {
	route  string
	script bool // without a route, a call that nobody could be had for ends
	cancel context.CancelFunc
	over   bool // its event was sent
}

func init() {
	Register(&Verb{
		Name: "socket",
		Doc: "Hands the call to an Event Socket application, as the application socket of FreeSWITCH does: rms connects to it, and it drives the call. " +
			"An INVITE that is not answered yet waits for it. When it closes the connection the call is hung up, unless it has sent resume (or the " +
			"variable socket_resume is true): then the route runs with reason=resumed. It runs with reason=error when nobody could be had. In both cases a " +
			"call ends that a script handed over without a route. Where it may connect to is stream.allow's rule.",
		Result: "true",
		Waits:  "route",
		Params: []Param{
			{Name: "target", Kind: String, Required: true, Doc: "host:port of the application; several with | between them are tried in turn; \"host:port async full\" is allowed too"},
			{Name: "flags", Kind: String, Doc: "async: commands do not wait for each other; full: those that are not about this call are allowed too"},
			{Name: "route", Kind: Route, Doc: "event route that runs when the application has let go; rms:socket when missing, if there is one"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			s, err := parseSocket(a.String("target") + " " + a.String("flags"))
			if err != nil {
				return nil, &ArgError{Verb: "socket", Text: err.Error()}
			}
			return nil, x.call.handOver(x, s, a.String("route"))
		},
	})
}

// parseSocket reads "host:port|host:port async full".
func parseSocket(text string) (*Socket, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, errors.New(`parameter "target": wants host:port`)
	}
	s := &Socket{}
	for _, w := range words[1:] {
		switch strings.ToLower(w) {
		case "async":
			s.Async = true
		case "full":
			s.Full = true
		default:
			return nil, fmt.Errorf("parameter \"flags\": %q is neither async nor full", cut(w, 40))
		}
	}
	for p := range strings.SplitSeq(words[0], "|") {
		place, err := socketPlace(p)
		if err != nil {
			return nil, fmt.Errorf("parameter \"target\": %w", err)
		}
		s.Places = append(s.Places, place)
	}
	if len(s.Places) > maxSocketPlaces {
		return nil, fmt.Errorf("parameter \"target\": at most %d addresses", maxSocketPlaces)
	}
	return s, nil
}

// socketPlace reads host, host:port or either with a /path behind it, which is for
// people.
func socketPlace(text string) (string, error) {
	place, _, _ := strings.Cut(text, "/")
	host, port, err := net.SplitHostPort(place)
	if err != nil {
		host, port = strings.Trim(place, "[]"), socketPort
	}
	if host == "" || port == "" || len(place) > 300 || strings.ContainsAny(host, " \t[]") || strings.ContainsFunc(place, func(r rune) bool { return r < ' ' }) {
		return "", fmt.Errorf("%q is not host:port", cut(text, 200))
	}
	return net.JoinHostPort(host, port), nil
}

// handOver begins to connect to an application.
func (c *Call) handOver(x *Exec, s *Socket, route string) error {
	app := c.manager.opts.Socket
	switch {
	case c.state >= leaving:
		return ErrGone
	case app == nil:
		return errors.New("not available: this server has no Event Socket")
	case c.socket != nil:
		return errors.New("an Event Socket application has the call already")
	}
	s.CallID, s.Dial = c.id, x.dialer().DialContext
	ctx, cancel := context.WithTimeout(context.Background(), c.manager.opts.Streams.ConnectTimeout)
	h := &handed{route: route, script: x.Origin == FromScript && !x.viaAPI, cancel: cancel}
	c.socket, c.lent = h, true
	c.info().Strs("places", s.Places).Bool("async", s.Async).Bool("full", s.Full).Msg("call handed to an Event Socket application")
	c.manager.spawn(func() {
		defer cancel()
		resume, err := app(ctx, *s)
		_ = c.box.must(func() { c.socketOver(h, resume, err) })
	})
	return nil
}

// socketOver takes the end of an application that has let go, or was never there.
func (c *Call) socketOver(h *handed, resume bool, err error) {
	if h.over {
		return // the call ended before
	}
	if v, ok := c.vars.get("socket_resume"); ok && text(v) == "true" {
		resume = true
	}
	switch {
	case err != nil:
		c.warn().Str("err", cut(err.Error(), 1024)).Msg("Event Socket application not to be had")
		c.tellSocket(h, ReasonError, Field{"error", cut(err.Error(), 1024)})
		c.unlessScripted(h, sip.Cause{By: sip.ByError, Code: 503, Text: "no Event Socket application"})
	case resume:
		c.tellSocket(h, "resumed")
		c.unlessScripted(h, sip.Cause{By: sip.ByUs, Code: 200, Text: "the script is over"})
	default:
		c.tellSocket(h, "closed")
		c.hangup(sip.Cause{By: sip.ByUs, Code: 200, Text: "Event Socket closed"})
	}
}

// unlessScripted ends a call of a script that nothing goes on in: there is no route for
// the end of the socket.
func (c *Call) unlessScripted(h *handed, cause sip.Cause) {
	if h.script && h.route == "" && !c.router.Has(EventSocket) {
		c.hangup(cause)
	}
}

// endSocket tells that the call ends under its application, which may linger.
func (c *Call) endSocket() {
	if h := c.socket; h != nil {
		h.cancel()
		c.tellSocket(h, ReasonEnded)
	}
}

func (c *Call) tellSocket(h *handed, reason string, more ...Field) {
	h.over, c.socket = true, nil
	name := h.route
	if name == "" {
		name = EventSocket
	}
	c.info().Str("reason", reason).Msg("Event Socket application let go")
	c.emit(&Event{Name: name, Kind: EventSocket, Fields: append([]Field{{"reason", reason}}, more...)})
}
