package phone

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
)

// callee is a far end of its own: it answers over UDP, plays 440 Hz as PCMU and
// notes what it gets. Its fields change its manners; they are set before start.
type callee struct {
	t     *testing.T
	sip   *net.UDPConn
	rtp   *net.UDPConn
	wait  sync.WaitGroup
	quit  chan struct{}
	audio []byte

	refuse    int    // final code instead of 200
	challenge bool   // 401 first
	ringOnly  bool   // 180 and no more
	early     bool   // 183 with SDP and audio before the 200, which comes later
	quiet     bool   // no RTP
	silence   bool   // RTP of silence
	after     string // request sent after the ACK: INVITE (hold), BYE or OPTIONS
	pt        string // payload types of the answer, default "0 101"
	then      string // of the offer in the re-INVITE; empty: hold

	mu      sync.Mutex
	seen    map[string]int
	last    map[string]string
	to      *net.UDPAddr
	packets int
	types   map[byte]int // packets by payload type
	events  int
	voice   []int16
	invite  string
	from    *net.UDPAddr
}

func startCallee(t *testing.T, manners func(*callee)) *callee {
	t.Helper()
	c := &callee{t: t, quit: make(chan struct{}), seen: map[string]int{}, last: map[string]string{}, types: map[byte]int{}, pt: "0 101"}
	if manners != nil {
		manners(c)
	}
	for _, s := range audiotest.Tone(8000, 440, -16, time.Second) {
		c.audio = append(c.audio, media.LinearToMulaw(s))
	}
	loopback := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	var err error
	if c.sip, err = net.ListenUDP("udp", loopback); err == nil {
		c.rtp, err = net.ListenUDP("udp", loopback)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.wait.Go(c.signal)
	c.wait.Go(c.listen)
	c.wait.Go(c.play)
	t.Cleanup(func() {
		close(c.quit)
		_ = c.sip.Close()
		_ = c.rtp.Close()
		c.wait.Wait()
	})
	return c
}

func (c *callee) uri() string { return "sip:test@" + c.sip.LocalAddr().String() }

func (c *callee) count(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[what]
}

func (c *callee) text(what string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last[what]
}

func field(msg, name string) string {
	for line := range strings.Lines(msg) {
		if n, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (c *callee) signal() {
	b := make([]byte, 65536)
	for {
		n, from, err := c.sip.ReadFromUDP(b)
		if err != nil {
			return
		}
		if msg := string(b[:n]); strings.TrimSpace(msg) != "" {
			c.mu.Lock()
			c.handle(msg, from)
			c.mu.Unlock()
		}
	}
}

func (c *callee) handle(msg string, from *net.UDPAddr) {
	method, _, _ := strings.Cut(msg, " ")
	if method == "SIP/2.0" {
		method = "answer " + strings.Fields(msg)[1] + " " + strings.Fields(field(msg, "CSeq"))[1]
	}
	c.seen[method]++
	c.last[method] = msg
	c.from = from
	switch method {
	case "INVITE":
		c.invited(msg)
	case "ACK":
		c.acked()
	case "CANCEL":
		c.reply(msg, 200, "")
		c.reply(c.invite, 487, "")
	case "BYE":
		c.to = nil
		c.reply(msg, 200, "")
	}
}

func (c *callee) reply(msg string, code int, sdp string, extra ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d Whatever\r\n", code)
	for line := range strings.Lines(msg) {
		if strings.HasPrefix(line, "Via:") || strings.HasPrefix(line, "From:") || strings.HasPrefix(line, "Call-ID:") || strings.HasPrefix(line, "CSeq:") {
			b.WriteString(line)
		}
	}
	to := field(msg, "To")
	if !strings.Contains(to, ";tag=") {
		to += ";tag=far"
	}
	fmt.Fprintf(&b, "To: %s\r\nContact: <sip:far@%s>\r\n%s", to, c.sip.LocalAddr(), strings.Join(extra, ""))
	if sdp != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(sdp), sdp)
	_, _ = c.sip.WriteToUDP([]byte(b.String()), c.from)
}

func (c *callee) describe(version int, direction string) string {
	return fmt.Sprintf("v=0\r\no=- 7 %d IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %s\r\n"+
		"a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=%s\r\n", version, c.rtp.LocalAddr().(*net.UDPAddr).Port, c.pt, direction)
}

func (c *callee) invited(msg string) {
	c.invite = msg
	if c.challenge && field(msg, "Authorization") == "" {
		c.reply(msg, 401, "", "WWW-Authenticate: Digest realm=\"x\", nonce=\"abc\", algorithm=MD5, qop=\"auth\"\r\n")
		return
	}
	if c.refuse != 0 {
		c.reply(msg, c.refuse, "", "Warning: 305 far \"no codec\"\r\n")
		return
	}
	_, body, _ := strings.Cut(msg, "\r\n\r\n")
	var port int
	if _, err := fmt.Sscanf(body[strings.Index(body, "m=audio "):], "m=audio %d", &port); err != nil {
		c.t.Errorf("offer: %q", body)
	}
	c.to = &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
	switch {
	case c.ringOnly:
		c.to = nil
		c.reply(msg, 180, "")
	case c.early:
		c.reply(msg, 183, c.describe(1, "sendrecv"))
	default:
		c.reply(msg, 180, "")
		c.reply(msg, 200, c.describe(1, "sendrecv"))
	}
}

func (c *callee) acked() {
	if c.after == "" || c.seen["after"] > 0 || c.to == nil {
		return
	}
	c.seen["after"]++
	body := ""
	if c.after == "INVITE" {
		body = c.describe(2, "sendonly")
		if c.then != "" {
			c.pt = c.then
			body = c.describe(2, "sendrecv")
		}
	}
	uri := strings.Trim(field(c.invite, "Contact"), "<>")
	_, _ = c.sip.WriteToUDP(fmt.Appendf(nil, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bKfar%s\r\nMax-Forwards: 70\r\n"+
		"From: %s;tag=far\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nContact: <sip:far@%s>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		c.after, uri, c.sip.LocalAddr(), c.after, field(c.invite, "To"), field(c.invite, "From"), field(c.invite, "Call-ID"), c.after,
		c.sip.LocalAddr(), len(body), body), c.from)
}

func (c *callee) listen() {
	b := make([]byte, 2048)
	for {
		n, _, err := c.rtp.ReadFromUDP(b)
		if err != nil {
			return
		}
		c.mu.Lock()
		switch {
		case n < 12 || b[1]&0x7f >= 64 && b[1]&0x7f < 96:
		case b[1]&0x7f == 101:
			c.events++
		default:
			c.packets++
			c.types[b[1]&0x7f]++
			for _, code := range b[12:n] {
				c.voice = append(c.voice, media.MulawToLinear[code])
			}
		}
		c.mu.Unlock()
	}
}

func (c *callee) play() {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	packet := make([]byte, 172)
	for n := 0; ; n++ {
		select {
		case <-c.quit:
			return
		case <-ticker.C:
		}
		c.mu.Lock()
		to := c.to
		if c.early && n == 25 && c.invite != "" {
			c.reply(c.invite, 200, c.describe(1, "sendrecv"))
		}
		c.mu.Unlock()
		if to == nil || c.quiet {
			continue
		}
		packet[0], packet[1] = 0x80, 0
		binary.BigEndian.PutUint16(packet[2:], uint16(n))
		binary.BigEndian.PutUint32(packet[4:], uint32(n*160))
		at := n * 160 % len(c.audio)
		copy(packet[12:], c.audio[at:at+160])
		if c.silence {
			for i := 12; i < len(packet); i++ {
				packet[i] = 0xff
			}
		}
		_, _ = c.rtp.WriteToUDP(packet, to)
	}
}
