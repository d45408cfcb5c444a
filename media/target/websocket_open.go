package target

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/coder/websocket"

	"rms/media/wire/audiostream"
)

// wsDeflateLeast is the length from which messages are compressed, in bytes: every
// frame of audio is longer.
const wsDeflateLeast = 64

// websocketOpen connects, shakes hands and sends the metadata, which nothing can
// overtake: nobody else has the connection yet.
func websocketOpen(ctx context.Context, o *Options) (Conn, error) {
	if err := websocketCheck(o); err != nil {
		return nil, &ConnectError{Code: CodeNotSupported, Text: err.Error(), Final: true, Err: err}
	}
	c, err := wsConnect(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.Metadata != "" {
		if err := c.ws.Write(ctx, websocket.MessageText, []byte(o.Metadata)); err != nil {
			_ = c.Close()
			return nil, wsFailure(ctx, wsAsking, err)
		}
		c.stats.textOut.Add(1)
	}
	c.wire.stall = o.StallTimeout
	c.startHeartbeat(o.Heartbeat)
	return c, nil
}

// wsConnect shakes hands. A server that answers the offer of compression with what
// the library does not know is asked again without.
func wsConnect(ctx context.Context, o *Options) (*wsConn, error) {
	settings, err := wsTLS(o)
	if err != nil {
		return nil, &ConnectError{Code: CodeTLSInit, Text: err.Error(), Final: true, Err: err}
	}
	hs := &wsHandshake{options: o, tls: settings}
	ws, err := hs.dial(ctx, o.Deflate)
	if err != nil && o.Deflate && hs.refusedDeflate() {
		ws, err = hs.dial(ctx, false)
	}
	if err != nil {
		return nil, hs.failure(ctx, err)
	}
	return newWSConn(o, ws, hs), nil
}

func newWSConn(o *Options, ws *websocket.Conn, hs *wsHandshake) *wsConn {
	ws.SetReadLimit(-1) // wsFrames and the readers of messages have their own
	length := o.Format.Samples(o.Frame) * 2
	c := &wsConn{
		ws:       ws,
		wire:     hs.wire,
		remote:   remoteOf(hs.wire.tcp),
		format:   o.Format,
		playRate: o.PlayRate,
		g1:       o.Compat == string(audiostream.G1),
		length:   length,
		settled:  make(chan struct{}),
	}
	c.turn.init()
	w := hs.wire
	c.prompt = w.sock != nil && hs.extensions == "" && o.StallTimeout == 0
	w.opened = true
	w.frames.deflate = hs.extensions != ""
	w.frames.control = func(opcode byte, payload []byte) {
		if opcode == wsPing {
			w.answer(payload)
			return
		}
		c.beat.pong()
	}
	return c
}

// dial has the library shake hands over a connection of ours.
func (hs *wsHandshake) dial(ctx context.Context, deflate bool) (*websocket.Conn, error) {
	return hs.dialWith(ctx, hs, deflate)
}

func (hs *wsHandshake) dialWith(ctx context.Context, over http.RoundTripper, deflate bool) (*websocket.Conn, error) {
	o := hs.options
	mode := websocket.CompressionDisabled
	if deflate {
		mode = websocket.CompressionNoContextTakeover
	}
	u := *o.URL
	u.Scheme = strings.ToLower(u.Scheme)
	hs.status, hs.line, hs.extensions = 0, "", ""
	ws, _, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport:     over,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader:           wsHeader(o),
		Subprotocols:         o.Subprotocol,
		CompressionMode:      mode,
		CompressionThreshold: wsDeflateLeast,
	})
	if err != nil && hs.wire != nil {
		hs.wire.cut()
	}
	return ws, err
}

// wsHeader makes the fields of the handshake that the library does not. Origin names
// the server itself, as the original's does; who wants none or another says so.
func wsHeader(o *Options) http.Header {
	origin := "http://"
	if strings.EqualFold(o.URL.Scheme, "wss") {
		origin = "https://"
	}
	h := http.Header{"User-Agent": {"rms"}, "Origin": {origin + o.URL.Host}}
	switch {
	case o.Token != "":
		h.Set("Authorization", "Bearer "+o.Token)
	case o.User != "" || o.Password != "":
		h.Set("Authorization", wsBasic(o.User, o.Password))
	}
	own := http.Header{}
	for _, f := range o.Header {
		own.Add(f.Name, strings.TrimSpace(f.Value))
	}
	for name, values := range own {
		h[name] = values
	}
	return h
}

func wsBasic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
