package main

import (
	"errors"
	"fmt"
	"net/netip"

	"rms/call"
	"rms/config"
	"rms/media/target"
	"rms/media/wire/audiosocket"
)

// streamOptions turns the sections stream, rst and audiosocket into what calls work
// with. own tells which sockets are this server's.
func streamOptions(cfg *config.Config, own func(network string, addr netip.AddrPort) bool) (call.StreamOptions, error) {
	s, r := &cfg.Stream, &cfg.RST
	o := call.StreamOptions{
		Buffer: s.Buffer, ConnectTimeout: s.ConnectTimeout, Playout: s.Playout, Compat: s.Compat, Max: s.Max,
		Retries: s.Retries, TempDir: s.TempDir, Variables: s.Variables(), Dialect: cfg.AudioSocket.Dialect,
		RSTServer: r.Server.String(), RSTGeneration: r.Generation, RSTFraming: r.Framing, RSTTimeout: r.InvTimeout,
		RSTPorts: [2]int{r.Ports.Min, r.Ports.Max},
	}
	if r.WriteHex {
		o.RSTHexDir = r.HexDir
	}
	var allow []string
	for _, p := range s.Allow {
		allow = append(allow, p.String())
	}
	var err error
	if o.Scripts, err = target.NewDialer(target.DialOptions{Allow: allow, Scripts: s.Scripts == "any", Own: own}); err == nil {
		o.Remote, err = target.NewDialer(target.DialOptions{Allow: allow, Own: own})
	}
	if err != nil {
		return o, err
	}
	return o, nil
}

// ownSockets lists the sockets of this server, which no stream may go to.
func (s *server) ownSockets(cfg *config.Config) target.OwnSockets {
	own := target.OwnSockets{Uses: s.calls.UsesRTP}
	for _, a := range []netip.Addr{cfg.SIP.Advertise, cfg.RTP.Advertise} {
		if a.IsValid() {
			own.Addrs = append(own.Addrs, a)
		}
	}
	if s.sockets != nil {
		own.TCP = append(own.TCP, s.sockets.Addr())
	}
	if s.http != nil && s.http.Addr().IsValid() {
		own.TCP = append(own.TCP, s.http.Addr())
	}
	if a := s.esl.Addr(); a.IsValid() {
		own.TCP = append(own.TCP, a)
	}
	for _, l := range s.ua.Listeners() {
		if l.Transport == "udp" {
			own.UDP = append(own.UDP, l.Addr)
		} else {
			own.TCP = append(own.TCP, l.Addr)
		}
	}
	return own
}

// isOwn tells whether an address is a socket of this server.
func (s *server) isOwn(network string, addr netip.AddrPort) bool {
	own := s.own.Load()
	return own != nil && own.Has(network, addr)
}

var errDraining = errors.New("the server is stopping")

// listenAudioSocket takes calls from Asterisk where audiosocket.listen says.
func (s *server) listenAudioSocket(cfg *config.Config) error {
	a := &cfg.AudioSocket
	if !a.Listen.IsValid() {
		return nil
	}
	dialect, err := audiosocket.ParseDialect(a.Dialect)
	if err != nil {
		return fmt.Errorf("audiosocket.dialect: %w", err)
	}
	encoding, err := audiosocket.ParseEncoding(a.Payload)
	if err != nil {
		return fmt.Errorf("audiosocket.payload: %w", err)
	}
	o := audiosocket.ServerOptions{
		Listen: a.Listen.String(), Dialect: dialect, Encoding: encoding, MaxConns: a.MaxConnections, PerSource: a.PerSource,
		Refused: func(from netip.AddrPort, why error) {
			s.log.Warn().Str("source", from.String()).Err(why).Msg("AudioSocket connection refused")
		},
		Suspect: func(p *audiosocket.Peer) {
			s.log.Warn().Str("call_id", p.ID).Str("source", p.Remote().String()).
				Msg("AudioSocket sends 160 bytes a message, which G.711 labelled wrongly does: write c(slin) in the dial string, or set audiosocket.payload")
		},
	}
	o.Accept = func(id string, _ netip.AddrPort) error {
		switch {
		case s.draining.Load():
			return errDraining
		case a.Accept == "registered":
			return s.calls.Expected(id)
		}
		return nil
	}
	if s.sockets, err = audiosocket.Listen(o, s.calls.AudioSocket); err != nil {
		return fmt.Errorf("%w (audiosocket.listen, --audiosocket)", err)
	}
	return nil
}
