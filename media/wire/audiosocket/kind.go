// Package audiosocket speaks Asterisk's AudioSocket: messages of audio over TCP, each
// of a type of one byte, a length of two (big-endian) and a payload. Asterisk dials;
// whoever answers is the server. Two dialects are known: that of Asterisk 18 to 23
// (Upstream) and one of a patched channel driver of 2020 with digits and call control
// (Fork).
//
// The smallest server, which says hello with silence and hangs up:
//
//	s, err := audiosocket.Listen(audiosocket.ServerOptions{Listen: "127.0.0.1:9019"}, func(p *audiosocket.Peer) {
//		for m, err := p.Next(); err == nil; m, err = p.Next() {
//			heard(audiosocket.PCM(nil, m.Payload), m.Kind.Rate())
//		}
//	})
//
// and the smallest client:
//
//	conn.Write(audiosocket.AppendMessage(nil, audiosocket.ID, id[:]))
//	conn.Write(audiosocket.AppendAudio(nil, audiosocket.Slin8, pcm)) // every 20 ms
package audiosocket

import "fmt"

// Kind is the type of a message, its first byte.
type Kind byte

// The kinds of messages. Which side sends what, and what it means, differs between
// the dialects: Interpret knows.
const (
	Terminate Kind = 0x00 // hang up; no payload
	ID        Kind = 0x01 // first message of the client: the UUID of the call, 16 bytes
	FrameDTMF Kind = 0x02 // Fork: a digit begins or ends, 6 bytes
	Digit     Kind = 0x03 // Upstream, client to server: a digit in ASCII
	Control   Kind = 0x03 // Fork, server to client: one of the Signal codes
	Slin8     Kind = 0x10 // PCM, signed 16 bit little-endian, one channel, 8000 Hz
	Slin12    Kind = 0x11
	Slin16    Kind = 0x12
	Slin24    Kind = 0x13
	Slin32    Kind = 0x14
	Slin44    Kind = 0x15 // 44100 Hz
	Slin48    Kind = 0x16
	Slin96    Kind = 0x17
	Slin192   Kind = 0x18
	Error     Kind = 0xff // something went wrong; the payload may hold a code
)

// rates of the kinds from Slin8 on, in Hz.
var rates = [...]int{8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000}

// Rate returns the sample rate of a message of audio in Hz, 0 for what is no audio.
func (k Kind) Rate() int {
	if k < Slin8 || k > Slin192 {
		return 0
	}
	return rates[k-Slin8]
}

// KindOf returns the kind of messages of audio at a sample rate in Hz.
func KindOf(rate int) (Kind, bool) {
	for i, r := range rates {
		if r == rate {
			return Slin8 + Kind(i), true
		}
	}
	return 0, false
}

// String returns the kind as in "0x10".
func (k Kind) String() string { return fmt.Sprintf("0x%02x", byte(k)) }
