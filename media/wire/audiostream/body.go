package audiostream

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Texts of the error event that the second generation uses, which applications
// compare with.
const (
	TextUpgradeFailed = "WebSocket upgrade failed"                                 // code 6: the answer was not 101
	TextBroken        = "Connection closed without WebSocket CLOSE (abnormal EOF)" // code 1: TCP ended without a goodbye
	TextTimeout       = "Timeout"                                                  // code 10: no connection in time
)

// ConnectBody returns the body of the connect event.
func ConnectBody() string { return `{"status":"connected"}` }

// DisconnectBody returns the body of the disconnect event: the close code of the
// websocket (RFC 6455 section 7.4) and its reason.
func DisconnectBody(code int, reason string) string {
	b := append([]byte(`{"status":"disconnected","message":{"code":`), strconv.Itoa(code)...)
	return string(append(appendString(append(b, `,"reason":`...), reason), "}}"...))
}

// CloseReason returns the words for a close code that came without any.
func CloseReason(code int) string {
	switch code {
	case 1000:
		return "Normal closure"
	case 1006:
		return "Abnormal closure"
	}
	return ""
}

// ValidCloseCode reports whether a server may close with code. Any other is
// answered with 1002, a protocol error.
func ValidCloseCode(code int) bool {
	return code >= 1000 && code <= 1003 || code >= 1007 && code <= 1011 || code >= 3000 && code <= 4999
}

// Failure is what an error event tells of.
type Failure struct {
	Code       int    // one of the codes of package target
	Text       string // as the second generation words it
	HTTPStatus int    // of the answer to the handshake, 0 without one
	StatusLine string // of that answer: "HTTP/1.1 403 Forbidden"
	URL        string // of the server
	Retries    int    // for G1; 0 is 1, as there was never more
}

// ErrorBody returns the body of the error event.
func ErrorBody(c Compat, f Failure) string {
	if c == G1 {
		return errorBodyG1(f)
	}
	b := append([]byte(`{"status":"error","message":{"code":`), strconv.Itoa(f.Code)...)
	b = appendString(append(b, `,"error":`...), f.Text)
	if c != G2 && f.HTTPStatus != 0 {
		b = append(append(b, `,"http_status":`...), strconv.Itoa(f.HTTPStatus)...)
	}
	return string(append(b, "}}"...))
}

// errorBodyG1 words a failure as the first generation did.
func errorBodyG1(f Failure) string {
	b := append([]byte(`{"status":"error","message":{"retries":`), strconv.Itoa(max(1, f.Retries))...)
	b = appendString(append(b, `,"error":`...), textG1(f))
	b = append(b, `,"wait_time":100,"http_status":`...)
	return string(append(append(b, strconv.Itoa(f.HTTPStatus)...), "}}"...))
}

func textG1(f Failure) string {
	if f.HTTPStatus != 0 {
		status := strconv.Itoa(f.HTTPStatus)
		line := f.StatusLine
		if line == "" {
			line = "HTTP/1.1 " + status
		}
		return "Expecting status 101 (Switching Protocol), got " + status + " status connecting to " + f.URL +
			", HTTP Status line: " + line + "\r\n"
	}
	host, port := hostPort(f.URL)
	if f.Code != codeConnectFailed || host == "" {
		return f.Text
	}
	reason, _, _ := strings.Cut(f.Text, " (system error")
	return "Unable to connect to " + host + " on port " + port + ", error: Connect error: " + reason
}

// codeConnectFailed is what package target calls CodeConnectFailed.
const codeConnectFailed = 6

// hostPort returns where a URL leads, with the port that its scheme implies.
func hostPort(raw string) (host, port string) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", ""
	}
	if host, port, err = net.SplitHostPort(u.Host); err == nil {
		return host, port
	}
	if secure(u.Scheme) {
		return u.Hostname(), "443"
	}
	return u.Hostname(), "80"
}

// PlayBody returns the body of the play event: that of a message, with the name of
// the file that the audio is in as its last member.
func PlayBody(body, file string) string {
	b := []byte(strings.TrimSuffix(body, "}"))
	switch {
	case len(b) == 0:
		b = append(b, '{')
	case len(b) > 1:
		b = append(b, ',')
	}
	return string(append(appendString(append(b, `"file":`...), file), '}'))
}

// ConnectFailedBody returns the body of mod_audio_fork's event connect_failed.
func ConnectFailedBody(reason string) string {
	return string(append(appendString([]byte(`{"reason":`), reason), '}'))
}

// How a mark ended, for MarkBody.
const (
	MarkPlayed  = "playout" // everything before it has been played
	MarkCleared = "cleared" // the audio before it, or the mark, was dropped
)

// MarkBody returns the answer to a mark, a text for the server.
func MarkBody(name, event string) string {
	b := appendString([]byte(`{"type":"mark","data":{"name":`), name)
	return string(append(appendString(append(b, `,"event":`...), event), "}}"...))
}

// PlayoutDoneBody returns the text that tells a server that everything it sent has
// been played, as patched variants of the module do.
func PlayoutDoneBody() string { return `{"type":"playoutDone"}` }
