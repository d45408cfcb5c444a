package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"rms/scripting/httpapi"
)

// raw opens a connection and says something.
func (h *house) raw(text string) net.Conn {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.server.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		h.t.Fatal(err)
	}
	return conn
}

// answer reads a response and tells whether the connection was closed behind it.
func (h *house) answer(conn net.Conn) (r *reply, closed bool) {
	h.t.Helper()
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, &http.Request{Method: "POST"})
	if err != nil {
		h.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	r = &reply{status: res.StatusCode, header: res.Header, body: text}
	wait := 500 * time.Millisecond
	if res.Close { // it was announced, and may take its time
		wait = 20 * time.Second
	}
	_ = conn.SetReadDeadline(time.Now().Add(wait))
	_, err = in.ReadByte()
	return r, err == io.EOF || err != nil && strings.Contains(err.Error(), "reset")
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	path := "/v1/calls/" + id + "/set"
	big := `{"name": "a", "value": "` + strings.Repeat("x", 1<<20) + `"}`
	if r := h.expect(413, h.post(path, big)); r.kind() != "too-large" {
		t.Errorf("%s", r.body)
	}
	h.expect(422, h.post(path, big[:1<<20-10]+`"}`)) // more than a variable may have, and still read
	for _, length := range []string{"1048577", "9223372036854775807"} {
		conn := h.raw("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + length + "\r\n\r\n")
		if r, closed := h.answer(conn); r.status != 413 || !closed {
			t.Errorf("%s: %d %s, closed: %v", length, r.status, r.body, closed)
		}
	}
	for _, length := range []string{"-1", "9223372036854775808", "1e3", "5\r\nContent-Length: 6"} {
		conn := h.raw("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length + "\r\n\r\n{}")
		if r, closed := h.answer(conn); r.status != 400 || !closed {
			t.Errorf("%s: %d %s, closed: %v", length, r.status, r.body, closed)
		}
	}
	conn := h.raw("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
	go func() {
		for range 300 {
			if _, err := fmt.Fprintf(conn, "1000\r\n%s\r\n", strings.Repeat(" ", 4096)); err != nil {
				return
			}
		}
	}()
	if r, _ := h.answer(conn); r.status != 413 {
		t.Errorf("chunked: %d %s", r.status, r.body)
	}
}

func TestASlowBodyIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Body = 100 * time.Millisecond })
	conn := h.raw("POST /v1/verbs/log HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	if r, closed := h.answer(conn); r.status != 408 || !closed {
		t.Errorf("%d %s, closed: %v", r.status, r.body, closed)
	}
}

func TestHeadersAreBoundedInSizeAndTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Header = 200 * time.Millisecond })
	conn := h.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 30<<10) + "\r\n\r\n")
	if r, closed := h.answer(conn); r.status != 431 || !closed {
		t.Errorf("%d %s, closed: %v", r.status, r.body, closed)
	}
	conn = h.raw("GET /healthz HTTP/1.1\r\nHost: localh")
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("half a header: %v", err)
	}
	conn = h.raw("")
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("nothing at all: %v", err)
	}
}

func TestManyIdleConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) {
		o.MaxConns = 200
		o.Times.Header, o.Times.Body, o.Times.Idle = time.Hour, time.Hour, time.Hour // what makes room is not that they are late
	})
	events := h.subscribe("")
	var conns []net.Conn
	for i := range 1000 {
		text := ""
		switch i % 3 {
		case 1:
			text = "GET /healthz HTTP/1.1\r\nHost: loc"
		case 2:
			text = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
		}
		conns = append(conns, h.raw(text))
	}
	h.expect(200, h.get("/v1/calls"))
	if n := h.connections(); n > 200 {
		t.Errorf("%d connections", n)
	}
	_ = conns[0].SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.ReadAll(conns[0]); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the oldest is not closed: %v", err)
	}
	id, _ := h.dial()
	h.expect(200, h.do("DELETE", "/v1/calls/"+id, ""))
	events.want("rms:end") // whoever is served is not pushed out
}

// connections reads the gauge.
func (h *house) connections() int {
	h.t.Helper()
	r := h.expect(200, h.get("/v1/status"))
	http, _ := r.json["http"].(map[string]any)
	n, _ := http["connections"].(float64)
	return int(n)
}

func TestWithOnlyBusyConnectionsANewOneIsClosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.MaxConns = 2 })
	h.subscribe("")
	h.subscribe("")
	conn, err := net.Dial("tcp", h.server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("read %d, %v", n, err)
	}
}

func TestIdleConnectionsAreClosedAfterAWhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Idle = 50 * time.Millisecond })
	conn := h.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if text, err := io.ReadAll(conn); err != nil || !strings.Contains(string(text), "200 OK") {
		t.Errorf("%s %v", text, err)
	}
}

func TestABodyThatNobodyReadsIsNotWaitedForEither(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Body = 100 * time.Millisecond })
	for _, line := range []string{"POST /v1/nothing", "GET /v1/calls", "DELETE /v1/calls/x", "POST /v1/reload"} {
		conn := h.raw(line + " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
		began := time.Now()
		if _, err := io.ReadAll(conn); err != nil || time.Since(began) > 20*time.Second {
			t.Errorf("%s: %v after %s", line, err, time.Since(began))
		}
	}
}
