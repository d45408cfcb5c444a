package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"rms/call"
)

// maxMessage bounds a message of a subscriber, in bytes.
const maxMessage = 64 << 10

// Names of what a websocket tells besides events of calls.
const (
	eventSubscribed = "subscribed"
	eventRefused    = "refused"
)

// websocket is GET /v1/events/ws: an event a message. A message of the client is
// another filter: {"calls": [...], "names": [...]}.
func (s *Server) websocket(w http.ResponseWriter, r *http.Request) error {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		return fault("upgrade", "this path speaks websocket only; /v1/events tells the same over HTTP")
	}
	f, err := filterOf(r.URL.Query())
	if err != nil {
		return err
	}
	fd, err := s.subscribe(f)
	if err != nil {
		return err
	}
	defer fd.leave()
	shrink(r)
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // sameOrigin has looked
	if err != nil {
		return nil //nolint:nilerr // Accept has answered
	}
	ws.SetReadLimit(maxMessage)
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context())) // net/http lets go of the request here
	c := &wsFeed{server: s, ws: ws, feed: fd, asked: make(chan asked), gone: make(chan struct{})}
	go c.listen(ctx)
	defer func() {
		cancel()
		_ = ws.CloseNow()
		<-c.gone
		c.pings.Wait()
	}()
	if last := lastID(r); last != "" && c.send(ctx, fd.missed(last)) != nil {
		return nil
	}
	code, reason := c.pump(ctx)
	_ = ws.Close(code, reason)
	return nil
}

// wsFeed is one websocket.
type wsFeed struct {
	server *Server
	ws     *websocket.Conn
	feed   *feed
	asked  chan asked
	gone   chan struct{} // closed when the client cannot be heard any more

	pinging atomic.Bool // a ping waits for its pong
	pings   sync.WaitGroup
}

// asked is a filter that the client wants, or why it gets none.
type asked struct {
	filter filter
	err    error
}

// listen reads what the client wants. It also takes its pongs.
func (c *wsFeed) listen(ctx context.Context) {
	defer close(c.gone)
	for {
		kind, text, err := c.ws.Read(ctx)
		if err != nil {
			return
		}
		var a asked
		if kind != websocket.MessageText {
			a.err = fault("argument", "a message must be text: {\"calls\": [...], \"names\": [...]}")
		} else {
			a.filter, a.err = decodeFilter(text)
		}
		select {
		case c.asked <- a:
		case <-ctx.Done():
			return
		}
	}
}

// decodeFilter reads a message of a subscriber.
func decodeFilter(text []byte) (filter, error) {
	val, err := decodeJSON(text)
	if err != nil {
		return filter{}, err
	}
	object, ok := val.(map[string]any)
	if !ok {
		return filter{}, fault("argument", "a message must be a JSON object: {\"calls\": [...], \"names\": [...]}")
	}
	for name, val := range object {
		list, ok := val.([]any)
		for _, e := range list {
			if _, text := e.(string); !text {
				ok = false
			}
		}
		switch {
		case name != "calls" && name != "names":
			return filter{}, wrong(short(name), "unknown member (has: calls, names)")
		case !ok:
			return filter{}, wrong(name, "\""+name+"\" must be a list of texts")
		}
	}
	var f filter
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fault("argument", err.Error())
	}
	return f, f.check()
}

// pump tells what comes, until one of both ends it.
func (c *wsFeed) pump(ctx context.Context) (websocket.StatusCode, string) {
	beat := time.NewTicker(c.server.opts.Times.Heartbeat)
	defer beat.Stop()
	for {
		closed := c.feed.sub.Closed()
		for t := c.feed.next(); t != nil; t = c.feed.next() {
			if c.send(ctx, t) != nil {
				return websocket.StatusPolicyViolation, "too slow"
			}
		}
		if closed {
			return websocket.StatusGoingAway, "the server is stopping"
		}
		var err error
		select {
		case <-c.feed.sub.Ready():
		case a := <-c.asked:
			err = c.answer(ctx, a)
		case <-beat.C:
			err = c.beat(ctx)
		case <-c.gone:
			return websocket.StatusNormalClosure, ""
		case <-c.server.quit:
			return websocket.StatusGoingAway, "the server is stopping"
		}
		if err != nil {
			return websocket.StatusPolicyViolation, "too slow"
		}
	}
}

// answer changes the filter and says so.
func (c *wsFeed) answer(ctx context.Context, a asked) error {
	if a.err != nil {
		p := problemOf(a.err)
		return c.tell(ctx, eventRefused, call.Field{Name: "detail", Value: p.Detail}, call.Field{Name: "parameter", Value: p.Parameter})
	}
	for _, t := range c.feed.change(a.filter) {
		if err := c.send(ctx, t); err != nil {
			return err
		}
	}
	return c.tell(ctx, eventSubscribed, call.Field{Name: "calls", Value: texts(a.filter.Calls)}, call.Field{Name: "names", Value: texts(a.filter.Names)})
}

func texts(list []string) []any {
	out := make([]any, 0, len(list))
	for _, text := range list {
		out = append(out, text)
	}
	return out
}

// beat pings the client. Its pong is waited for elsewhere: events go on meanwhile, and
// one that does not come ends the connection.
func (c *wsFeed) beat(ctx context.Context) error {
	if t := c.feed.look(); t != nil {
		return c.send(ctx, t)
	}
	if c.pinging.Swap(true) {
		return nil
	}
	c.pings.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, c.server.opts.Times.Stall)
		defer cancel()
		if c.ws.Ping(ctx) != nil {
			_ = c.ws.CloseNow()
			return
		}
		c.pinging.Store(false)
	})
	return nil
}

func (c *wsFeed) tell(ctx context.Context, name string, fields ...call.Field) error {
	return c.send(ctx, &told{Event: &call.Event{Name: name, Kind: name, Time: time.Now(), Fields: fields}})
}

// send writes one event, and waits until the kernel has it.
func (c *wsFeed) send(ctx context.Context, t *told) error {
	ctx, cancel := context.WithTimeout(ctx, c.server.opts.Times.Stall)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, t.AppendJSON(nil, t.id))
}
