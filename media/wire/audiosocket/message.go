package audiosocket

import (
	"encoding/binary"
	"errors"
)

// MaxPayload is the largest payload of a message, in bytes.
const MaxPayload = 65535

// headerSize is the length of what comes before the payload.
const headerSize = 3

// Message is one message as it came.
type Message struct {
	Kind    Kind
	Payload []byte // valid until the next call of Next
}

// AppendMessage appends a message to dst. A payload that is longer than MaxPayload is
// cut there.
func AppendMessage(dst []byte, k Kind, payload []byte) []byte {
	payload = payload[:min(len(payload), MaxPayload)]
	return append(appendHeader(dst, k, len(payload)), payload...)
}

// AppendAudio appends messages of audio of kind k to dst: one, unless pcm is longer
// than 32767 samples; none for no samples, because Asterisk drops a call for a message
// of audio without any.
func AppendAudio(dst []byte, k Kind, pcm []int16) []byte {
	for len(pcm) > 0 {
		n := min(len(pcm), MaxPayload/2)
		dst = appendHeader(dst, k, 2*n)
		for _, s := range pcm[:n] {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(s))
		}
		pcm = pcm[n:]
	}
	return dst
}

func appendHeader(dst []byte, k Kind, n int) []byte {
	return append(dst, byte(k), byte(n>>8), byte(n))
}

// PCM appends the samples of a payload of audio to dst. An odd last byte is dropped.
func PCM(dst []int16, payload []byte) []int16 {
	for ; len(payload) >= 2; payload = payload[2:] {
		dst = append(dst, int16(binary.LittleEndian.Uint16(payload)))
	}
	return dst
}

// Errors of a Reader and of a Peer.
var (
	// ErrStalled says that a message was begun and not completed in time.
	ErrStalled = errors.New("message not completed in time")
	// ErrRate says that there is no kind of message for a sample rate.
	ErrRate = errors.New("no message for this sample rate")
	// ErrClosed says that the connection was closed, or hung up, from our side.
	ErrClosed = errors.New("connection is closed")
)
