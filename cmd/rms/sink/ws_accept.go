package sink

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const (
	messageMost = 1 << 20 // bytes of one message of a client, unpacked
	pathMost    = 1 << 10 // bytes of its path that are reported
)

// ServeHTTP takes one client from its request to its end.
func (s *wsServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		http.Error(w, "the sink is closing", http.StatusServiceUnavailable)
		return
	}
	defer s.wg.Done()
	began := time.Now()
	if !s.welcome(w, r) {
		s.board.refuse("unauthorized", r.RemoteAddr, "wrong or no credentials for "+r.URL.Path[:min(len(r.URL.Path), pathMost)])
		return
	}
	id, rate, channels := describedBy(r)
	st, err := s.board.begin(id, r.RemoteAddr, began)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		s.board.refuse("full", r.RemoteAddr, err.Error())
		return
	}
	c := &wsStream{server: s, stream: st, known: rate > 0 && channels > 0}
	c.rate, c.channels = orElse(rate, s.board.o.WS.Rate), orElse(channels, s.board.o.WS.Channels)
	c.raw, _ = r.Context().Value(connKey{}).(net.Conn)
	if c.conn, err = websocket.Accept(w, r, s.acceptOptions(r, c)); err != nil {
		st.end(causeError, "handshake: "+err.Error(), 0)
		s.board.add("handshake")
		return
	}
	c.conn.SetReadLimit(messageMost)
	path := r.URL.RequestURI()
	s.board.start(st, Event{
		Codec: "L16", Rate: c.rate, Channels: c.channels, Path: path[:min(len(path), pathMost)], Subprotocol: c.conn.Subprotocol(),
		Deflate: strings.Contains(w.Header().Get("Sec-WebSocket-Extensions"), "permessage-deflate"), Secure: r.TLS != nil,
	})
	// The request ends with the hijacking; what it carried is still needed.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	c.serve(ctx)
}

func (s *wsServer) acceptOptions(r *http.Request, c *wsStream) *websocket.AcceptOptions {
	o := &websocket.AcceptOptions{InsecureSkipVerify: true} // mod_audio_stream sends an Origin of its own making
	o.Subprotocols = s.board.o.WS.Subprotocol
	if offered, _, _ := strings.Cut(r.Header.Get("Sec-WebSocket-Protocol"), ","); len(o.Subprotocols) == 0 && offered != "" {
		o.Subprotocols = []string{strings.TrimSpace(offered)}
	}
	if s.board.o.WS.Deflate {
		o.CompressionMode = websocket.CompressionNoContextTakeover
	}
	o.OnPingReceived = func(context.Context, []byte) bool {
		c.mu.Lock()
		c.pings++
		c.mu.Unlock()
		return !s.board.o.WS.NoPong
	}
	return o
}

// welcome checks who asks, when it matters, and answers 401.
func (s *wsServer) welcome(w http.ResponseWriter, r *http.Request) bool {
	basic, token := s.board.o.WS.Basic, s.board.o.WS.Token
	if basic == "" && token == "" {
		return true
	}
	if user, password, ok := r.BasicAuth(); ok && basic != "" && equal(user+":"+password, basic) {
		return true
	}
	kind, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token != "" && strings.EqualFold(kind, "Bearer") && equal(strings.TrimSpace(given), token) {
		return true
	}
	for scheme, on := range map[string]bool{`Basic realm="rms sink"`: basic != "", "Bearer": token != ""} {
		if on {
			w.Header().Add("WWW-Authenticate", scheme)
		}
	}
	http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
	return false
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// describedBy reads id, rate and channels of a stream out of its URL; 0 is unknown.
func describedBy(r *http.Request) (id string, rate, channels int) {
	q := r.URL.Query()
	first := func(names ...string) string {
		for _, n := range names {
			if v := q.Get(n); v != "" {
				return v
			}
		}
		return ""
	}
	rate = parseRate(first("rate", "sampleRate", "sample_rate"))
	channels = parseChannels(first("mix", "mixType", "mix_type", "channels"))
	if id = first(idNames...); id == "" {
		id = strings.Trim(r.URL.Path, "/")
	}
	if id == "" {
		id = "ws"
	}
	return id, rate, channels
}

// idNames are how streams are called, in queries and in metadata.
var idNames = []string{"uuid", "call_id", "callId", "callSid", "id", "name"}

// parseRate reads 8000 and 8k; 0 for what no stream has.
func parseRate(text string) int {
	digits, thousands := strings.CutSuffix(strings.ToLower(text), "k")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > 1_000_000 {
		return 0
	}
	if thousands {
		n *= 1000
	}
	if !usualRate(n) {
		return 0
	}
	return n
}

// parseChannels reads a mix type or a number; 0 for anything else.
func parseChannels(text string) int {
	switch strings.ToLower(text) {
	case "1", "mono", "mixed":
		return 1
	case "2", "stereo":
		return 2
	}
	return 0
}

func orElse(n, other int) int {
	if n > 0 {
		return n
	}
	return other
}
