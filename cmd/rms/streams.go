package main

import (
	"fmt"
	"net/netip"

	"rms/call"
	"rms/config"
	"rms/media/target"
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
		return o, fmt.Errorf("stream.allow: %w", err)
	}
	return o, nil
}

// ownSockets lists the sockets of this server, which no stream may go to.
func (s *server) ownSockets(cfg *config.Config) target.OwnSockets {
	own := target.OwnSockets{Ranges: [][2]int{{cfg.RTP.Ports.Min, cfg.RTP.Ports.Max}}}
	for _, a := range []netip.Addr{cfg.SIP.Advertise, cfg.RTP.Advertise} {
		if a.IsValid() {
			own.Addrs = append(own.Addrs, a)
		}
	}
	if s.ua == nil {
		return own
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
