package load

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const telephoneEvent = 101

// offer writes the SDP of a call: one codec, telephone-event, and RTCP sent to
// one port shared by all calls, so that reports cost no socket each.
func (p *plan) offer(index int, addr netip.Addr, port, rtcp int, direction string) []byte {
	family := "IP4"
	if addr.Is6() {
		family = "IP6"
	}
	id := 1000000 + index
	b := fmt.Appendf(nil, "v=0\r\no=- %d 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n", id, family, addr, family, addr)
	b = fmt.Appendf(b, "m=audio %d RTP/AVP %d %d\r\na=rtcp:%d\r\n", port, p.codec.pt, telephoneEvent, rtcp)
	b = fmt.Appendf(b, "a=rtpmap:%d %s\r\n", p.codec.pt, p.codec.encoding())
	b = fmt.Appendf(b, "a=rtpmap:%d telephone-event/%d\r\na=fmtp:%d 0-15\r\n", telephoneEvent, p.codec.clockRate, telephoneEvent)
	return fmt.Appendf(b, "a=ptime:%d\r\na=%s\r\n", p.Ptime.Milliseconds(), direction)
}

// answer is what the far end's SDP says about its audio.
type answer struct {
	remote netip.AddrPort
	pts    []uint8
	ptime  time.Duration // 0: not said
	reply  string        // direction of our answer when this is an offer
}

// reverse is the direction that answers another (RFC 3264 section 6.1).
var reverse = map[string]string{"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}

var errNoAudio = errors.New("the answer holds no audio with an address and a port")

// parseAnswer reads the first audio line of an SDP body and its address.
func parseAnswer(body []byte) (answer, error) {
	a := answer{reply: "sendrecv"}
	var session, media netip.Addr
	port, inAudio, seen := 0, false, false
	for line := range strings.SplitSeq(string(body), "\n") {
		line = strings.TrimSpace(line)
		kind, value, ok := strings.Cut(line, "=")
		switch {
		case !ok:
		case kind == "m":
			inAudio = !seen && strings.HasPrefix(value, "audio ")
			if inAudio {
				seen = true
				port = a.media(value)
			}
		case kind == "c" && inAudio:
			media = connection(value)
		case kind == "c" && !seen && !session.IsValid():
			session = connection(value)
		case kind == "a" && inAudio && strings.HasPrefix(value, "ptime:"):
			a.setPtime(strings.TrimSpace(value[len("ptime:"):]))
		case kind == "a" && (inAudio || !seen) && reverse[value] != "":
			a.reply = reverse[value]
		}
	}
	if !media.IsValid() {
		media = session
	}
	if !media.IsValid() || port == 0 {
		return a, errNoAudio
	}
	a.remote = netip.AddrPortFrom(media, uint16(port))
	return a, nil
}

func (a *answer) setPtime(value string) {
	if ms, err := strconv.Atoi(value); err == nil && ms >= 5 && ms <= 200 {
		a.ptime = time.Duration(ms) * time.Millisecond
	}
}

// media reads "audio PORT PROTO PT..." and returns the port.
func (a *answer) media(value string) int {
	fields := strings.Fields(value)
	if len(fields) < 4 {
		return 0
	}
	for _, f := range fields[3:min(len(fields), 40)] {
		if n, err := strconv.ParseUint(f, 10, 7); err == nil {
			a.pts = append(a.pts, uint8(n))
		}
	}
	digits, _, _ := strings.Cut(fields[1], "/")
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return 0
	}
	return int(port)
}

// connection reads "IN IP4 address[/ttl]".
func connection(value string) netip.Addr {
	fields := strings.Fields(value)
	if len(fields) != 3 {
		return netip.Addr{}
	}
	text, _, _ := strings.Cut(fields[2], "/")
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}
