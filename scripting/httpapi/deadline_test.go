package httpapi_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"rms/scripting/httpapi"
)

// net/http lifts the time limit of an answer behind it.
func TestALaterAnswerOfAConnectionHasItsTimeToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Write = 300 * time.Millisecond })
	const request = "GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
	conn := h.raw("")
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, strings.Repeat(request, 200)); err != nil { // and reads none of it
		t.Fatal(err)
	}
	h.until("the end of a connection that nobody reads", func() bool { return h.connections() <= 1 }) // the one that asks
}
