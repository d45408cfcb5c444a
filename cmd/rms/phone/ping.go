package phone

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rms/cmd/rms/ladder"
)

// Pong is the answer to an OPTIONS request.
type Pong struct {
	Code   int           `json:"code"`
	Reason string        `json:"reason"`
	Server string        `json:"server,omitempty"`
	RTT    time.Duration `json:"rtt_ns"`
}

// pingTime is how long Ping waits when ctx has no deadline.
const pingTime = 3 * time.Second

// Ping asks a SIP server by OPTIONS whether it takes calls: the health check of
// a container. The URI is that of a call; ";transport=tcp" asks over TCP. The
// error is nil for a 2xx only: a server that drains answers 503.
func Ping(ctx context.Context, uri string) (Pong, error) {
	to, err := parseTarget(asURI(uri))
	if err != nil {
		return Pong{}, fmt.Errorf("ping %q: %w", uri, err)
	}
	transport := firstOf(to.transport, "udp")
	if transport != "udp" && transport != "tcp" {
		return Pong{}, fmt.Errorf("ping %q: transport %q: use udp or tcp", uri, transport)
	}
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, transport, to.hostPort)
	p := &plan{nextHop: to.hostPort, transport: transport}
	if err != nil {
		return Pong{}, unreachable(p, err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	pong, err := ask(conn, transport, to)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return pong, unreachable(p, err)
	case err != nil && ctx.Err() != nil:
		return pong, fmt.Errorf("ping %s over %s: no answer: check host, port, transport and firewall", to.hostPort, transport)
	case err != nil:
		return pong, fmt.Errorf("ping %s over %s: %w", to.hostPort, transport, err)
	case pong.Code < 200 || pong.Code > 299:
		return pong, fmt.Errorf("ping %s: it answers %d %s: it lives, but takes no calls", to.hostPort, pong.Code, pong.Reason)
	}
	return pong, nil
}

// ask sends the request, over UDP again after 0.5, 1, 2 s, and reads the answer.
func ask(conn net.Conn, transport string, to target) (Pong, error) {
	local := conn.LocalAddr().String()
	id := rand.Text()
	request := fmt.Appendf(nil, "OPTIONS %s SIP/2.0\r\nVia: SIP/2.0/%s %s;rport;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n"+
		"From: <sip:ping@%s>;tag=%s\r\nTo: <%s>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\nAccept: application/sdp\r\n"+
		"User-Agent: rms-call\r\nContent-Length: 0\r\n\r\n",
		to.text, strings.ToUpper(transport), local, id, local, id[:8], to.text, id)
	began := time.Now()
	wait := 500 * time.Millisecond
	for {
		if _, err := conn.Write(request); err != nil {
			return Pong{}, err
		}
		if transport == "udp" {
			_ = conn.SetReadDeadline(time.Now().Add(wait))
		}
		pong, err := readPong(conn, id)
		var timeout net.Error
		if transport == "udp" && errors.As(err, &timeout) && timeout.Timeout() {
			wait *= 2
			continue
		}
		pong.RTT = time.Since(began)
		return pong, err
	}
}

// readPong reads until the final answer with our Call-ID, at most 64 KiB a
// message.
func readPong(conn net.Conn, id string) (Pong, error) {
	buffer := make([]byte, 65536)
	if _, stream := conn.(*net.TCPConn); stream {
		return parsePong(bufio.NewReaderSize(&limited{conn, 65536}, 4096), id)
	}
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return Pong{}, err
		}
		pong, err := parsePong(bufio.NewReader(strings.NewReader(string(buffer[:n]))), id)
		if err == nil {
			return pong, nil
		}
	}
}

type limited struct {
	conn net.Conn
	left int
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errors.New("the answer is too long")
	}
	n, err := l.conn.Read(b[:min(len(b), l.left)])
	l.left -= n
	return n, err
}

var errPong = errors.New("what answers there is no SIP server")

// parsePong reads the head of a message; a provisional answer is passed over.
func parsePong(r *bufio.Reader, id string) (Pong, error) {
	for {
		pong, ours, err := readHead(r, id)
		if err != nil {
			return Pong{}, err
		}
		if ours && pong.Code >= 200 {
			return pong, nil
		}
	}
}

func readHead(r *bufio.Reader, id string) (pong Pong, ours bool, err error) {
	first := ""
	for {
		raw, err := r.ReadString('\n')
		if err != nil {
			return pong, false, err
		}
		line := strings.TrimRight(raw, "\r\n")
		name, value, _ := strings.Cut(line, ":")
		value = ladder.Clean(strings.TrimSpace(value))
		switch {
		case line == "" && first == "":
		case line == "":
			return pong, ours, nil
		case first == "":
			first = line
			rest, ok := strings.CutPrefix(line, "SIP/2.0 ")
			code, reason, _ := strings.Cut(rest, " ")
			pong.Reason = ladder.Clean(reason)
			if pong.Code, err = strconv.Atoi(code); !ok || err != nil {
				return pong, false, errPong
			}
		case strings.EqualFold(name, "Call-ID") || strings.EqualFold(name, "i"):
			ours = value == id
		case strings.EqualFold(name, "Server"):
			pong.Server = value
		}
	}
}

// String says it in a line.
func (p Pong) String() string {
	text := fmt.Sprintf("%d %s after %.1f ms", p.Code, p.Reason, ms(p.RTT))
	if p.Server != "" {
		text += ", " + p.Server
	}
	return text
}
