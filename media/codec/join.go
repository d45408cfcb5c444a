package codec

import "time"

// JoinTime is the length of Join that its figures were measured with.
const JoinTime = 80 * time.Millisecond

// Joiner is an encoder with state whose stream may follow any other stream in
// the decoder of the far end: a prompt that was encoded beforehand from reset
// state, or live audio after such a prompt. Encoders without state are none.
type Joiner interface {
	// Join appends the payload of n samples of PCM, JoinTime long, that let what
	// was heard before die away, and after which a decoder agrees with this
	// encoder whatever it decoded until then. Audio goes on with Encode.
	Join(dst []byte, n int) []byte
}
