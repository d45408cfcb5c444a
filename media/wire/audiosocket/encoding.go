package audiosocket

import "fmt"

// Encoding says what the messages of kind Slin8 hold that a peer sends. Asterisk's
// channel driver without c(slin) in its dial string labels raw G.711 so, and nothing in
// the message tells: it has to be configured. What we send is always linear.
type Encoding int

// The encodings.
const (
	Linear Encoding = iota // PCM, signed 16 bit little-endian
	PCMU                   // G.711 u-law
	PCMA                   // G.711 A-law
)

// trapSize is the payload of 20 ms of G.711 in bytes, which no linear audio of whole
// milliseconds but 10 ms has; trapFrames of them and no other are a reason to warn.
const (
	trapSize   = 160
	trapFrames = 50
)

// ParseEncoding returns the encoding of a name: "slin" or "", "pcmu", "pcma".
func ParseEncoding(name string) (Encoding, error) {
	switch name {
	case "", "slin":
		return Linear, nil
	case "pcmu":
		return PCMU, nil
	case "pcma":
		return PCMA, nil
	}
	return 0, fmt.Errorf("encoding %q: allowed are slin, pcmu, pcma", clip(name))
}

// expanded holds the linear values of the bytes of G.711.
var expanded = [...][256]int16{
	PCMU: table(func(b byte) int16 { return expandMu(^b) }),
	PCMA: table(func(b byte) int16 { return expandA(b ^ 0x55) }),
}

func table(expand func(byte) int16) (t [256]int16) {
	for i := range t {
		t[i] = expand(byte(i))
	}
	return t
}

// expandMu decodes u-law, its bits not inverted: sign, 3 bits of exponent, 4 of mantissa.
func expandMu(b byte) int16 {
	v := (int16(b&15)<<3+0x84)<<(b>>4&7) - 0x84
	if b&0x80 != 0 {
		return -v
	}
	return v
}

// expandA decodes A-law, its even bits inverted back; the sign bit means positive.
func expandA(b byte) int16 {
	v := int16(b&15)<<4 + 8
	if e := b >> 4 & 7; e > 0 {
		v = (v + 0x100) << (e - 1)
	}
	if b&0x80 != 0 {
		return v
	}
	return -v
}

// AppendPCM appends the samples of a message of audio to dst, at the rate of its kind.
// Messages of Slin8 are read in the encoding.
func (e Encoding) AppendPCM(dst []int16, m Message) []int16 {
	if m.Kind != Slin8 || e != PCMU && e != PCMA {
		return PCM(dst, m.Payload)
	}
	for _, b := range m.Payload {
		dst = append(dst, expanded[e][b])
	}
	return dst
}

// trap notices a peer that probably sends G.711 under the label of linear audio.
type trap struct {
	frames int
	other  bool // a message had another size, so all is well
}

// saw reports whether this is the message to warn at, once.
func (t *trap) saw(m Message) bool {
	if m.Kind.Rate() == 0 || t.other || t.frames > trapFrames {
		return false
	}
	if m.Kind != Slin8 || len(m.Payload) != trapSize {
		t.other = true
		return false
	}
	t.frames++
	return t.frames == trapFrames
}
