package target

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"rms/media/wire/audiostream"
)

// Opcodes of frames (RFC 6455 section 5.2).
const (
	wsContinue = 0x0
	wsBinary   = 0x2
	wsClose    = 0x8
	wsPing     = 0x9
	wsPong     = 0xa
)

// wsMaxMessage is the longest message of a server, in bytes.
const wsMaxMessage = audiostream.MaxMessage

// wsFaultError is something that a server must not do. It ends the connection.
type wsFaultError struct {
	close int    // code that the server is told
	code  int    // one of the Code constants
	text  string // what it was
}

// Error returns what the server did.
func (f *wsFaultError) Error() string { return f.text }

// wsGoodbyeError is the CLOSE of a server.
type wsGoodbyeError struct {
	code   int // 1005 when it held none
	reason string
	answer int // code of our CLOSE
}

// Error returns the code.
func (g *wsGoodbyeError) Error() string { return fmt.Sprintf("closed with %d", g.code) }

// wsFrames follows the frames of a server, however they are cut up, takes the control
// frames out and refuses what RFC 6455 does not allow. The library would let masked
// frames and every close code pass, and it answers a ping before it reads on, which a
// far end that does not read can use to stop us.
type wsFrames struct {
	deflate bool // messages may be compressed (RFC 7692)
	// control takes the payload of a ping or a pong, which is gone when it returns.
	control func(opcode byte, payload []byte)

	head    [10]byte // of the frame that begins
	have    int      // bytes of head that came; 0 between frames and in payload
	left    int64    // bytes of payload still to come
	own     bool     // the frame is a control frame
	payload [125]byte
	got     int

	inside bool  // a message is not finished
	size   int64 // of the message so far, as its frames say
}

// filter leaves the data frames in b, returns how many bytes they are, and why
// nothing more is to be read, if so.
func (f *wsFrames) filter(b []byte) (int, error) {
	kept := 0
	for at := 0; at < len(b); {
		if f.left > 0 {
			n := int(min(f.left, int64(len(b)-at)))
			if f.own {
				f.got += copy(f.payload[f.got:], b[at:at+n])
			} else {
				kept += copy(b[kept:], b[at:at+n])
			}
			f.left -= int64(n)
			at += n
			if err := f.finish(); err != nil {
				return kept, err
			}
			continue
		}
		whole, err := f.header(b[at])
		if err != nil {
			return kept, err
		}
		if !f.own {
			b[kept] = b[at]
			kept++
		}
		at++
		if whole {
			if err := f.finish(); err != nil {
				return kept, err
			}
		}
	}
	return kept, nil
}

// header takes one byte of a frame's header, and says whether that was the last one.
func (f *wsFrames) header(b byte) (bool, error) {
	f.head[f.have] = b
	f.have++
	switch f.have {
	case 1:
		return false, f.first(b)
	case 2:
		if b&0x80 != 0 {
			return false, &wsFaultError{1002, CodeServerMasked, "Server sent a masked frame"}
		}
		if b > 125 && f.own {
			return false, wsBadHeader("control frame of more than 125 bytes")
		}
		f.left = int64(b)
	}
	switch f.head[1] {
	case 126:
		if f.have < 4 {
			f.left = 0
			return false, nil
		}
		f.left = int64(binary.BigEndian.Uint16(f.head[2:]))
	case 127:
		if f.have < 10 {
			f.left = 0
			return false, nil
		}
		f.left = int64(binary.BigEndian.Uint64(f.head[2:]))
	}
	return true, f.begin()
}

// first checks what the first byte of a frame says.
func (f *wsFrames) first(b byte) error {
	op, fin := b&0xf, b&0x80 != 0
	f.own = op >= wsClose
	switch {
	case b&0x30 != 0 || b&0x40 != 0 && (!f.deflate || f.own || op == wsContinue):
		return wsBadHeader("reserved bit set")
	case op > 2 && op < wsClose || op > wsPong:
		return wsBadHeader(fmt.Sprintf("unknown opcode %d", op))
	case f.own && !fin:
		return wsBadHeader("control frame in fragments")
	case op == wsContinue && !f.inside:
		return &wsFaultError{1002, CodeProtocol, "Server continued a message that it had not begun"}
	case !f.own && op != wsContinue && f.inside:
		return &wsFaultError{1002, CodeProtocol, "Server began a message inside another"}
	}
	return nil
}

func wsBadHeader(what string) *wsFaultError {
	return &wsFaultError{1002, CodeInvalidHeader, "Server sent an invalid frame header: " + what}
}

// begin is called with the header complete.
func (f *wsFrames) begin() error {
	op, fin := f.head[0]&0xf, f.head[0]&0x80 != 0
	f.have = 0
	if f.left < 0 {
		return wsBadHeader("length of more than 63 bits")
	}
	if f.own {
		f.got = 0
		return nil
	}
	if op != wsContinue {
		f.size = 0
	}
	f.inside = !fin
	if f.left > wsMaxMessage-f.size {
		return wsTooBig()
	}
	f.size += f.left
	return nil
}

func wsTooBig() *wsFaultError {
	return &wsFaultError{1009, CodeProtocol, fmt.Sprintf("Message of more than %d bytes", wsMaxMessage)}
}

// finish acts on a control frame whose payload is complete.
func (f *wsFrames) finish() error {
	if !f.own || f.left > 0 {
		return nil
	}
	op := f.head[0] & 0xf
	if op == wsClose {
		return wsReadClose(f.payload[:f.got])
	}
	f.control(op, f.payload[:f.got])
	return nil
}

// wsReadClose reads the payload of a CLOSE.
func wsReadClose(b []byte) error {
	if len(b) == 0 {
		return &wsGoodbyeError{code: 1005, answer: 1005}
	}
	if len(b) == 1 {
		return &wsFaultError{1002, CodeProtocol, "Server sent a CLOSE with half a code"}
	}
	code, reason := int(binary.BigEndian.Uint16(b)), b[2:]
	switch {
	case audiostream.ValidCloseCode(code) && !utf8.Valid(reason):
		return &wsFaultError{1007, CodeProtocol, "Server sent a CLOSE whose reason is not UTF-8"}
	case audiostream.ValidCloseCode(code):
		return &wsGoodbyeError{code: code, reason: string(reason), answer: code}
	case code >= 1012 && code <= 1014 && utf8.Valid(reason):
		// Registered after RFC 6455. They are refused as ever, but what they say is heard.
		return &wsGoodbyeError{code: code, reason: string(reason), answer: 1002}
	}
	return &wsFaultError{1002, CodeProtocol, fmt.Sprintf("Server sent a CLOSE with the invalid code %d", code)}
}
