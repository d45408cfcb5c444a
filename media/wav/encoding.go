package wav

// Encoding is how samples are stored in a file.
type Encoding uint8

// The encodings that are read. Only PCM of 16 bits, Mulaw and Alaw are written.
const (
	PCM   Encoding = iota + 1 // integers, 8 to 32 bits, little-endian
	Float                     // IEEE 754, 32 or 64 bits, little-endian
	Mulaw                     // G.711 mu-law, 8 bits
	Alaw                      // G.711 A-law, 8 bits
)

// String names the encoding for people.
func (e Encoding) String() string {
	switch e {
	case PCM:
		return "PCM"
	case Float:
		return "float"
	case Mulaw:
		return "mu-law"
	case Alaw:
		return "A-law"
	}
	return "unknown"
}

// Format tags of the fmt chunk (RFC 2361) that are read.
const (
	tagPCM        = 0x0001
	tagFloat      = 0x0003
	tagAlaw       = 0x0006
	tagMulaw      = 0x0007
	tagExtensible = 0xFFFE
)

var byTag = map[uint16]Encoding{tagPCM: PCM, tagFloat: Float, tagAlaw: Alaw, tagMulaw: Mulaw}

// tag is the format tag of an encoding.
func (e Encoding) tag() uint16 {
	switch e {
	case Float:
		return tagFloat
	case Mulaw:
		return tagMulaw
	case Alaw:
		return tagAlaw
	}
	return tagPCM
}

// foreignTags names codecs that people meet in WAV files, for the refusal.
var foreignTags = map[uint16]string{
	0x0002: "Microsoft ADPCM", 0x0011: "IMA ADPCM", 0x0031: "GSM 6.10", 0x0040: "G.721 ADPCM", 0x0045: "G.726",
	0x0050: "MPEG", 0x0055: "MP3", 0x0064: "G.726", 0x0065: "G.722", 0x0083: "G.729", 0x00FF: "AAC", 0x0161: "Windows Media Audio",
	0x674F: "Ogg Vorbis", 0x704F: "Opus", 0xF1AC: "FLAC",
}
