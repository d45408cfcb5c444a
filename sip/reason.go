package sip

import (
	"strings"
)

// reasonHeader is a value of the Reason header field, RFC 3326.
func reasonHeader(code int, text string) string {
	return "SIP;cause=" + itoa(code) + ";text=" + quote(text)
}

// reasonText accepts a whole Reason value or plain text for one.
func reasonText(reason string) string {
	if reason == "" {
		return ""
	}
	protocol, _, ok := strings.Cut(reason, ";")
	if ok && isToken(trim(protocol)) && params(reason[len(protocol):]).valid() {
		return reason
	}
	return reasonHeader(200, reason)
}
