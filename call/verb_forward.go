package call

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"

	"rms/media"
)

func init() {
	Register(&Verb{
		Name:   "forward",
		Doc:    "Sends a copy of the call's audio as plain RTP with RTCP to a recorder or an analyser, without any signalling. Nothing is received.",
		Result: "true",
		Params: []Param{
			{Name: "to", Kind: String, Required: true, Doc: "rtp://IP:PORT; RTCP goes to the port above"},
			{Name: "codec", Kind: String, Doc: "on the wire: PCMU, PCMA, G722, L16/8000 or L16/16000 (payload type 96); the call's own when missing"},
			{Name: "side", Kind: String, Default: "caller", Enum: []string{"caller", "callee", "mixed"}, Doc: "whose audio: the caller's, what we send, or both mixed"},
			{Name: "name", Kind: String, Default: "forward", Doc: "of this copy, for rms_forward_stop"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			to, err := forwardTo(a.String("to"))
			if err != nil {
				return nil, &ArgError{Verb: "forward", Text: `parameter "to": ` + err.Error()}
			}
			var cd media.Codec
			if name := a.String("codec"); name != "" {
				if cd, err = forwardCodec(name); err != nil {
					return nil, &ArgError{Verb: "forward", Text: `parameter "codec": ` + err.Error()}
				}
			}
			if err := x.dialer().Check("udp", to.Addr().String(), to); err != nil {
				return nil, err
			}
			return nil, x.call.startForward(&forward{name: a.String("name"), to: to, side: a.String("side")}, cd)
		},
	})
	Register(&Verb{
		Name:   "forward_stop",
		Doc:    "Ends a copy that rms_forward began.",
		Result: "true",
		Params: []Param{{Name: "name", Kind: String, Default: "forward", Doc: "as given to rms_forward"}},
		Run: func(x *Exec, a Args) (any, error) {
			return nil, x.call.stopForward(a.String("name"))
		},
	})
}

// forwardTo reads rtp://IP:PORT. A name would have to be looked up, which may take
// long, so it is refused.
func forwardTo(s string) (netip.AddrPort, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "rtp" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not of the form rtp://IP:PORT", cut(s, 100))
	}
	to, err := netip.ParseAddrPort(u.Host)
	if err != nil || to.Port() == 0 {
		return netip.AddrPort{}, fmt.Errorf("%q is not of the form rtp://IP:PORT, with an address and not a name", cut(s, 100))
	}
	if to.Port() == math.MaxUint16 {
		return netip.AddrPort{}, errors.New("there is no port above 65535 for RTCP")
	}
	return netip.AddrPortFrom(to.Addr().Unmap(), to.Port()), nil
}
