//go:build linux

package interop_test

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// ping sends one OPTIONS from a socket of its own and returns the status line of the
// answer, "" when none comes.
func ping(addr string) string {
	conn, err := net.Dial("udp", addr)
	if err != nil {
		return ""
	}
	defer conn.Close()
	local := conn.LocalAddr()
	id := time.Now().UnixNano()
	fmt.Fprintf(conn, "OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%d\r\nFrom: <sip:ping@%s>;tag=%d\r\n"+
		"To: <sip:%s>\r\nCall-ID: ping-%d@%s\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		addr, local, id, local, id, addr, id, local)
	if err = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		return ""
	}
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(answer[:n]), "\r\n")
	return line
}
