package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/scripting/httpapi"
)

func verbRequest(path, body string, fields ...string) string {
	head := "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	for _, f := range fields {
		head += f + "\r\n"
	}
	return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

func TestOnlyTheUsualFormOfAVerbIsExpress(t *testing.T) {
	t.Parallel()
	usual := verbRequest("/v1/calls/a-b/set", "{}")
	for text, want := range map[string]bool{
		usual: true, verbRequest("/v1/verbs/log", ""): true,
		verbRequest("/v1/calls/a/set", "{}", "Authorization: Bearer x", "User-Agent: curl/8", "Accept: */*", "Connection: keep-alive"): true,
		usual + "POST": false, usual[:len(usual)-1]: false, usual[:40]: false, "": false,
		verbRequest("/v1/calls/a/play?wait=1s", "{}"):                        false,
		verbRequest("/v1/calls/a%2fb/set", "{}"):                             false,
		verbRequest("/v1/reload", "{}"):                                      false,
		verbRequest("/v1/calls/a/set", "{}", "Idempotency-Key: a"):           false,
		verbRequest("/v1/calls/a/set", "{}", "Expect: 100-continue"):         false,
		verbRequest("/v1/calls/a/set", "{}", "Transfer-Encoding: gzip"):      false,
		verbRequest("/v1/calls/a/set", "{}", "Connection: close"):            false,
		verbRequest("/v1/calls/a/set", "{}", "Content-Length: 2"):            false,
		verbRequest("/v1/calls/a/set", "{}", "host: evil"):                   false,
		verbRequest("/v1/calls/a/set", "{}", "Accept: a\x00b"):               false,
		verbRequest("/v1/calls/a/set", "{}", "Accept : a"):                   false,
		verbRequest("/v1/calls/a/set", "{}", " Accept: a"):                   false,
		verbRequest("/v1/calls/a/set", "{}", "Accept: a\n\tb"):               false,
		verbRequest("/v1/calls/a/set", strings.Repeat("x", 5000)):            false,
		strings.Replace(usual, "HTTP/1.1", "HTTP/1.0", 1):                    false,
		strings.Replace(usual, "POST", "GET", 1):                             false,
		strings.Replace(usual, "Host: localhost", "Host: ", 1):               false,
		strings.Replace(usual, "Host: localhost", "Host: a/b", 1):            false,
		strings.Replace(usual, "Host: localhost\r\n", "", 1):                 false,
		strings.Replace(usual, "Content-Length: 2", "Content-Length: 02", 1): false,
		strings.ReplaceAll(usual, "\r\n", "\n"):                              false,
	} {
		if got := httpapi.Express(text); got != want {
			t.Errorf("%v for %q", got, text)
		}
	}
}

// client sends requests over one connection and reads their answers.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func (c *client) do(text string) (string, http.Header, error) {
	if _, err := io.WriteString(c.conn, text); err != nil {
		return "", nil, err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return "", nil, err
	}
	body, err := io.ReadAll(res.Body)
	res.Header.Del("Date")
	return res.Status + " " + string(body), res.Header, err
}

func TestAVerbSaysTheSameWhoeverReadsIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	conn := h.raw("")
	c := &client{conn: conn, in: bufio.NewReader(conn)}
	for _, text := range []string{
		verbRequest("/v1/calls/"+id+"/set", `{"name": "a", "value": "b"}`),
		verbRequest("/v1/calls/"+id+"/get", `{"name": "a"}`),
		verbRequest("/v1/calls/"+id+"/get", `{"name": "none"}`),
		verbRequest("/v1/calls/"+id+"/nothing", `{}`),
		verbRequest("/v1/calls/nobody/stop", `{}`),
		verbRequest("/v1/calls/"+id+"/play", `{"file": 5}`),
		verbRequest("/v1/calls/"+id+"/play", `{"file": `),
		verbRequest("/v1/calls/"+id+"/a/b", `{}`),
		verbRequest("/v1/verbs/log", `{"text": "a"}`, "Origin: http://evil.example"),
		strings.Replace(verbRequest("/v1/verbs/log", `{"text": "a"}`), "localhost", "evil.example", 1),
		strings.Replace(verbRequest("/v1/verbs/log", `{"text": "a"}`), "application/json", "text/plain", 1),
	} {
		other := strings.Replace(text, "\r\n", "\r\nX-Other: way\r\n", 1)
		if !httpapi.Express(text) || httpapi.Express(other) {
			t.Fatalf("%q", text)
		}
		want, wantHeader, err := c.do(other)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, header, err := c.do(text)
			if err != nil || got != want || !reflect.DeepEqual(header, wantHeader) {
				t.Errorf("%q\n got %s %v %v\nwant %s %v", text, got, header, err, want, wantHeader)
			}
		}
	}
}

func TestVerbsOfManyConnectionsEndWithTheServer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	text := verbRequest("/v1/calls/"+id+"/set", `{"name": "a", "value": "b"}`)
	var done sync.WaitGroup
	begun := make(chan struct{}, 1000)
	for range 8 {
		conn := h.raw("")
		c := &client{conn: conn, in: bufio.NewReader(conn)}
		done.Go(func() {
			for n := 0; ; n++ {
				got, _, err := c.do(text)
				if err != nil {
					return // the server has closed the connection, between two answers or instead of one
				}
				if !strings.HasPrefix(got, "200 ") && !strings.HasPrefix(got, "503 ") {
					t.Errorf("answer %d: %s", n, got)
					return
				}
				if n == 20 {
					begun <- struct{}{}
				}
			}
		})
	}
	for range 8 {
		<-begun
	}
	if err := h.server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	done.Wait()
}

func TestALaterAnswerOfAConnectionHasItsTimeToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Write = 300 * time.Millisecond })
	const request = "GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
	conn := h.raw("")
	c := &client{conn: conn, in: bufio.NewReader(conn)}
	if got, _, err := c.do(request); err != nil || !strings.HasPrefix(got, "200 ") {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, strings.Repeat(request, 200)); err != nil { // and reads none of it
		t.Fatal(err)
	}
	h.until("the end of a connection that nobody reads", func() bool { return h.connections() <= 1 }) // the one that asks
}
