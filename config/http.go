package config

import "net/netip"

// HTTP holds the keys of section http.
type HTTP struct {
	Listen         netip.AddrPort `default:"127.0.0.1:8080" doc:"Where the HTTP API is served. Other addresses than those of loopback need http.tokens. When nobody set this key and the port is taken, the server warns and goes on without." empty:"not at all"                                        key:"listen"          short:"http"`
	Tokens         []Token        `doc:"Bearer tokens, one of which each request over TCP must carry; /healthz and /readyz need none. read:SECRET may only look."                                                                                empty:"none: whoever can connect may do everything" key:"tokens"`
	TLSCert        string         `doc:"PEM file with the certificate, and those between it and the authority: HTTPS instead of HTTP."                                                                                                           empty:"no TLS"                                      key:"tls_cert"`
	TLSKey         string         `doc:"PEM file with the key of http.tls_cert."                                                                                                                                                                 empty:"no TLS"                                      key:"tls_key"`
	Socket         string         `default:"auto"           doc:"Path of a unix socket that serves the same without a token, to this user only (mode 0600), for rms ctl. auto: $XDG_RUNTIME_DIR/rms.sock, or /run/rms.sock for root, or none; when nobody set this key and another server has it, the server warns and goes on without." empty:"no socket" key:"socket"`
	MaxConnections int            `default:"1000"           doc:"Connections at one time. One more takes the place of the one that has been idle for longest, or is closed."                                                                     key:"max_connections"                               max:"1000000"         min:"1"`
}

// check compares keys of the section with each other.
func (h *HTTP) check(origins map[string]string) []error {
	var bad []error
	if (h.TLSCert == "") != (h.TLSKey == "") {
		key, other := "http.tls_cert", "http.tls_key"
		if h.TLSCert == "" {
			key, other = other, key
		}
		bad = append(bad, &Problem{Where: origins[key], Key: key, What: "stands alone; a certificate needs its key: set " + other + " too"})
	}
	if h.Listen.IsValid() && !h.Listen.Addr().Unmap().IsLoopback() && len(h.Tokens) == 0 {
		bad = append(bad, &Problem{
			Where: origins["http.listen"], Key: "http.listen",
			What: h.Listen.String() + " can be reached from other machines; set http.tokens, or listen on 127.0.0.1",
		})
	}
	return bad
}
