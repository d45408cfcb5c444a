package target

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"

	"rms/media/wire/audiostream"
)

// failure says why a handshake failed, in the words and codes of mod_audio_stream.
func (hs *wsHandshake) failure(ctx context.Context, err error) *ConnectError {
	if hs.status == 0 {
		return wsFailure(ctx, hs.step, err)
	}
	e := &ConnectError{HTTPStatus: hs.status, StatusLine: hs.line, Err: err, Final: true}
	switch {
	case hs.status != http.StatusSwitchingProtocols:
		e.Code, e.Text = CodeConnectFailed, audiostream.TextUpgradeFailed
		e.Final = !wsPassing(hs.status)
	case hs.extensions != "":
		e.Code, e.Text = CodeNotSupported, "Server wants an extension that was not offered"
	default:
		e.Code, e.Text = CodeInvalidHeader, "Server sent an invalid answer to the handshake"
	}
	return e
}

// wsPassing says that the same request may be answered otherwise later.
func wsPassing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// refusedDeflate says that the server took the offer of compression in a way that the
// library does not know.
func (hs *wsHandshake) refusedDeflate() bool {
	name, _, _ := strings.Cut(hs.extensions, ";")
	return hs.status == http.StatusSwitchingProtocols &&
		strings.EqualFold(strings.TrimSpace(name), "permessage-deflate") && !strings.Contains(hs.extensions, ",")
}

// wsFailure says why there was no answer.
func wsFailure(ctx context.Context, step wsStep, err error) *ConnectError {
	e := &ConnectError{Code: CodeConnectFailed, Err: err}
	var refused *RefusedError
	var lookup *net.DNSError
	var proxy *wsProxyError
	var errno syscall.Errno
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.Text, e.Final = "Canceled", true
	case wsTimedOut(ctx, err):
		e.Code, e.Text = CodeTimeout, audiostream.TextTimeout
	case errors.As(err, &refused):
		e.Text, e.Final = refused.Error(), true
	case errors.As(err, &lookup):
		e.Text = "DNS lookup failed (" + lookup.Err + ")"
	case errors.As(err, &proxy):
		e.Text, e.HTTPStatus, e.StatusLine = proxy.Error(), proxy.status, proxy.line
		e.Final = !wsPassing(proxy.status)
	case step == wsSecuring:
		e.Code, e.Text = CodeTLSHandshake, "SSL handshake failed: "+innermost(err)
	case wsOfTLS(err):
		e.Code, e.Text = CodeTLS, wsTLSText+innermost(err)
	case errors.As(err, &errno) && step == wsDialling:
		e.Text = systemError(errno)
	case step == wsAsking && !wsBrokeOff(err):
		e.Code, e.Text = CodeInvalidHeader, "Server sent an invalid answer to the handshake"
		e.Final = true
	case step == wsAsking:
		e.Text = audiostream.TextUpgradeFailed
	default:
		e.Text = innermost(err)
	}
	return e
}

// wsTLSText begins what is said about TLS that broke.
const wsTLSText = "SSL error: "

// wsOfTLS says that TLS broke after its handshake: an alert, such as a client's
// certificate that is missing (RFC 8446 section 6), or a record that is none.
func wsOfTLS(err error) bool {
	var alert *net.OpError
	var record tls.RecordHeaderError
	return errors.As(err, &record) || errors.As(err, &alert) && (alert.Op == "remote error" || alert.Op == "local error")
}

func wsTimedOut(ctx context.Context, err error) bool {
	var n net.Error
	return ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// wsBrokeOff says that the connection ended before the answer did.
func wsBrokeOff(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// systemError words an error of the system as "Connection refused (system error 111)".
func systemError(errno syscall.Errno) string {
	text := errno.Error()
	return strings.ToUpper(text[:1]) + text[1:] + " (system error " + strconv.Itoa(int(errno)) + ")"
}

// innermost returns what happened, without where.
func innermost(err error) string {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}
