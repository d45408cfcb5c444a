package call

import (
	"net"
	"strconv"
	"strings"

	"rms/sip"
)

// Info is what a script most often asks about the request or the INVITE of its
// call. URIs are without display name and header parameters.
type Info struct {
	ID        string // of the call, a UUID; "" outside a call
	SIPCallID string // the Call-ID header field
	Method    string
	From, To  string // URIs
	RURI      string // request URI
	FromUser  string
	ToUser    string
	RURIUser  string
	Source    string // "ip:port" that the request came from
	Transport string // "udp", "tcp"
}

func infoOf(r *sip.Request) Info {
	from, to := r.From(), r.To()
	i := Info{
		SIPCallID: r.CallID(), Method: r.Method(), Source: r.Source().String(),
		Transport: strings.ToLower(r.Transport()), RURI: r.URI(), RURIUser: ruri(r).User(),
		From: from.URI, FromUser: from.User(), To: to.URI, ToUser: to.User(),
	}
	return i
}

func ruri(r *sip.Request) sip.Address { return sip.Address{URI: r.URI()} }

// PV returns the value of a Kamailio pseudo-variable ("$rU", "$fu", "$ci",
// "$hdr(X-Name)", "$var(name)") for the current request, or for the INVITE of
// the call in an event route. It is false for a name that rms does not know and
// for a value that is not there.
func (x *Exec) PV(name string) (string, bool) {
	name = strings.TrimPrefix(name, "$")
	name = strings.TrimSuffix(strings.TrimPrefix(name, "("), ")")
	if class, arg, ok := strings.Cut(name, "("); ok {
		return x.classPV(class, strings.TrimSuffix(arg, ")"))
	}
	if strings.HasPrefix(name, "hdr(") {
		return x.classPV("hdr", strings.TrimPrefix(name, "hdr("))
	}
	r := x.source()
	if r == nil {
		return "", false
	}
	if get, ok := pseudo[name]; ok {
		v := get(r)
		return v, v != ""
	}
	return "", false
}

func (x *Exec) classPV(class, arg string) (string, bool) {
	switch class {
	case "hdr":
		if v := x.Header(arg); len(v) > 0 {
			return v[0], true
		}
	case "var", "avp", "dlg_var", "xavp", "shv":
		if x.call == nil {
			return "", false
		}
		v, ok := x.call.vars.get(arg)
		if !ok {
			return "", false
		}
		return text(v), true
	}
	return "", false
}

func text(v any) string {
	switch t := v.(type) {
	case string:
		return t
	case bool:
		return strconv.FormatBool(t)
	case int64:
		return strconv.FormatInt(t, 10)
	case float64:
		return strconv.FormatFloat(t, 'g', -1, 64)
	}
	return ""
}

func header(r *sip.Request, name string) string {
	if v := r.Header(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

// hostPort splits the host part of a URI; the port is 5060 when it has none.
func hostPort(a sip.Address) (host, port string) {
	host, port, err := net.SplitHostPort(a.Host())
	if err != nil {
		return a.Host(), "5060"
	}
	return host, port
}

// pseudo are the pseudo-variables of Kamailio's core that make sense for an
// endpoint, by their names there.
var pseudo = map[string]func(*sip.Request) string{
	"rm":    (*sip.Request).Method,
	"ru":    (*sip.Request).URI,
	"rU":    func(r *sip.Request) string { return ruri(r).User() },
	"rd":    func(r *sip.Request) string { h, _ := hostPort(ruri(r)); return h },
	"rp":    func(r *sip.Request) string { _, p := hostPort(ruri(r)); return p },
	"ou":    (*sip.Request).URI,
	"oU":    func(r *sip.Request) string { return ruri(r).User() },
	"fu":    func(r *sip.Request) string { return r.From().URI },
	"fU":    func(r *sip.Request) string { return r.From().User() },
	"fd":    func(r *sip.Request) string { h, _ := hostPort(r.From()); return h },
	"fn":    func(r *sip.Request) string { return r.From().Display },
	"ft":    func(r *sip.Request) string { return r.From().Tag },
	"tu":    func(r *sip.Request) string { return r.To().URI },
	"tU":    func(r *sip.Request) string { return r.To().User() },
	"td":    func(r *sip.Request) string { h, _ := hostPort(r.To()); return h },
	"tn":    func(r *sip.Request) string { return r.To().Display },
	"tt":    func(r *sip.Request) string { return r.To().Tag },
	"ci":    (*sip.Request).CallID,
	"cs":    func(r *sip.Request) string { s, _, _ := strings.Cut(header(r, "CSeq"), " "); return s },
	"ct":    func(r *sip.Request) string { return header(r, "Contact") },
	"cT":    (*sip.Request).ContentType,
	"rb":    func(r *sip.Request) string { return string(r.Body()) },
	"ua":    func(r *sip.Request) string { return header(r, "User-Agent") },
	"si":    func(r *sip.Request) string { return r.Source().Addr().String() },
	"sp":    func(r *sip.Request) string { return strconv.Itoa(int(r.Source().Port())) },
	"su":    func(r *sip.Request) string { return "sip:" + r.Source().String() },
	"Ri":    func(r *sip.Request) string { return r.Local().Addr().String() },
	"Rp":    func(r *sip.Request) string { return strconv.Itoa(int(r.Local().Port())) },
	"pr":    func(r *sip.Request) string { return strings.ToLower(r.Transport()) },
	"proto": func(r *sip.Request) string { return strings.ToLower(r.Transport()) },
}
