package load

import (
	"bufio"
	"crypto/sha1" //nolint:gosec // RFC 6455 section 4.2.2 wants it
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// tapBuffer is the largest message that is understood, in bytes.
const tapBuffer = 64 << 10

// wire reads one kind of stream.
type wire interface {
	// url is where call %d is asked to stream to.
	url(addr string) string
	// greet reads what comes before the audio and returns the number of the call.
	greet(c io.Writer, r *bufio.Reader) (index int, err error)
	// next reads one message; audio is valid until the next call.
	next(c io.Writer, r *bufio.Reader) (audio []byte, text bool, err error)
}

// errGoodbye is the end of a stream as its protocol has it.
var errGoodbye = errors.New("goodbye")

// findWire knows the kinds of stream that the tool receives.
func findWire(name string) (wire, error) {
	switch name {
	case "ws":
		return websocketWire{}, nil
	case "audiosocket":
		return audiosocketWire{}, nil
	}
	return nil, fmt.Errorf("stream %q is not known; use ws or audiosocket", name)
}

// callOf reads the number of a call as url writes it.
func callOf(digits string) (int, error) {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1, fmt.Errorf("%q is no number of a call", digits)
	}
	return n, nil
}

// websocketWire is the server side of RFC 6455, as far as a client that sends whole
// messages needs it.
type websocketWire struct{}

func (websocketWire) url(addr string) string { return "ws://" + addr + "/%d" }

func (websocketWire) greet(c io.Writer, r *bufio.Reader) (int, error) {
	request, err := http.ReadRequest(r)
	if err != nil {
		return -1, err
	}
	index, err := callOf(strings.TrimPrefix(request.URL.Path, "/"))
	if err != nil {
		return -1, err
	}
	sum := sha1.Sum([]byte(request.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // as above
	_, err = fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	return index, err
}

const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xa
)

func (websocketWire) next(c io.Writer, r *bufio.Reader) ([]byte, bool, error) {
	op, payload, err := websocketFrame(r)
	if err != nil {
		return nil, false, err
	}
	switch op {
	case opText:
		return nil, true, nil
	case opClose:
		_, _ = c.Write(append([]byte{0x80 | opClose, byte(len(payload))}, payload...))
		return nil, false, errGoodbye
	case opPing:
		_, err = c.Write(append([]byte{0x80 | opPong, byte(len(payload))}, payload...))
		return nil, false, err
	case opPong:
		return nil, false, nil
	}
	return payload, false, nil
}

// websocketFrame reads one frame and unmasks it in place. Its payload is valid until
// the next read.
func websocketFrame(r *bufio.Reader) (op byte, payload []byte, err error) {
	head, err := r.Peek(2)
	if err != nil {
		return 0, nil, err
	}
	op, size, skip := head[0]&0x0f, int(head[1]&0x7f), 2
	masked := head[1]&0x80 != 0
	switch size {
	case 126:
		skip = 4
	case 127:
		skip = 10
	}
	if masked {
		skip += 4
	}
	if head, err = r.Peek(skip); err != nil {
		return 0, nil, err
	}
	switch size {
	case 126:
		size = int(binary.BigEndian.Uint16(head[2:]))
	case 127:
		if binary.BigEndian.Uint64(head[2:]) > tapBuffer {
			return 0, nil, errors.New("a message is larger than this tool reads")
		}
		size = int(binary.BigEndian.Uint64(head[2:]))
	}
	frame, err := r.Peek(skip + size)
	if err != nil {
		return 0, nil, err
	}
	payload = frame[skip:]
	if masked {
		mask := [4]byte(frame[skip-4 : skip])
		for i := range payload {
			payload[i] ^= mask[i&3]
		}
	}
	_, err = r.Discard(skip + size)
	return op, payload, err
}

// audiosocketWire is the server side of AudioSocket. The number of the call is the
// end of its UUID.
type audiosocketWire struct{}

const audiosocketID = "00000000-0000-4000-8000-"

func (audiosocketWire) url(addr string) string {
	return "audiosocket://" + addr + "/" + audiosocketID + "%012d"
}

func (w audiosocketWire) greet(_ io.Writer, r *bufio.Reader) (int, error) {
	head, err := r.Peek(19)
	if err != nil {
		return -1, err
	}
	text := hex.EncodeToString(head[3:])
	if [3]byte(head) != [3]byte{1, 0, 16} || text[:20] != strings.ReplaceAll(audiosocketID, "-", "") {
		return -1, errors.New("no identity of ours")
	}
	_, _ = r.Discard(19)
	return callOf(text[20:])
}

func (audiosocketWire) next(_ io.Writer, r *bufio.Reader) ([]byte, bool, error) {
	head, err := r.Peek(3)
	if err != nil {
		return nil, false, errors.Join(errGoodbye, err) // a plain FIN is an end too
	}
	kind, size := head[0], 3+int(binary.BigEndian.Uint16(head[1:]))
	message, err := r.Peek(min(size, tapBuffer))
	if err != nil {
		return nil, false, err
	}
	_, err = r.Discard(size)
	switch {
	case err != nil:
		return nil, false, err
	case kind == 0:
		return nil, false, errGoodbye
	case kind < 0x10 || kind > 0x18:
		return nil, true, nil
	}
	return message[3:], false, nil
}
