package audiostream

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

// MaxMessage is the longest text of a server, in bytes, that is looked into; a
// longer one is Other. Four million characters of base64 are three minutes of
// 8 kHz audio.
const MaxMessage = 4 << 20

// Kind is what a message asks for.
type Kind uint8

// The kinds of message.
const (
	// Other is for the application: what is no JSON, what has no type or an unknown
	// one, and every message that is not as it has to be.
	Other Kind = iota
	// StreamAudio carries audio (mod_audio_stream).
	StreamAudio
	// PlayAudio carries audio (mod_audio_fork).
	PlayAudio
	// KillAudio stops what is being played.
	KillAudio
	// Mark wants to know when the audio sent so far has been played.
	Mark
	// ClearMarks drops the marks that have not been reached.
	ClearMarks
	// Disconnect says that the server has finished. The call goes on.
	Disconnect
)

// Message is one text of a websocket server.
type Message struct {
	Kind  Kind
	Type  string // of StreamAudio and PlayAudio: raw, wav, mp3, ogg, pcmu or pcma
	Rate  int    // in Hz, of raw, pcmu and pcma; 0 where the audio itself says
	Audio []byte // as it was before base64; belongs to the caller
	// Body is the JSON of "data" without blanks and without its audio: what the server
	// wrote otherwise, in its order. It is "{}" when nothing else was there.
	Body string
	// Name is that of a Mark. Of Other it is the type when mod_audio_fork has an event
	// for it (transcription, transfer, error); Body is that event's then.
	Name string
}

// ParseMessage reads what a server sent. With g1 the types pcmu and pcma are
// unknown, as they were to the first generation. Of members with one name the
// first counts. The text is not kept.
func ParseMessage(text []byte, g1 bool) Message {
	if len(text) > MaxMessage {
		return Message{}
	}
	object, ok := compact(text)
	if !ok {
		return Message{}
	}
	return parse(object, g1)
}

// parse reads a compact object.
func parse(object []byte, g1 bool) Message {
	kind, _ := text(object, "type")
	data := find(object, "data")
	if len(data) > 0 && data[0] != '{' {
		data = nil
	}
	switch kind {
	case "streamAudio":
		return streamAudio(data, g1)
	case "playAudio":
		return playAudio(data)
	case "killAudio":
		return Message{Kind: KillAudio}
	case "mark":
		if name, ok := text(data, "name"); ok && name != "" {
			return Message{Kind: Mark, Name: name}
		}
	case "clearMarks":
		return Message{Kind: ClearMarks}
	case "disconnect":
		return Message{Kind: Disconnect, Body: string(data)}
	case "transcription", "transfer", "error":
		if data != nil {
			return Message{Name: kind, Body: string(data)}
		}
	}
	return Message{}
}

// streamAudio reads the data of mod_audio_stream's message.
func streamAudio(data []byte, g1 bool) Message {
	kind, _ := text(data, "audioDataType")
	rate, _ := number(find(data, "sampleRate"))
	m := Message{Kind: StreamAudio, Type: kind}
	switch kind {
	case "raw":
		if _, known := rawExtensions[rate]; !known {
			return Message{}
		}
		m.Rate = rate
	case "pcmu", "pcma":
		if g1 {
			return Message{}
		}
		m.Rate = saneRate(rate, 8000)
	case "wav", "mp3", "ogg":
	default:
		return Message{}
	}
	return m.with(data, "audioData")
}

// playAudio reads the data of mod_audio_fork's message. A rate that the original
// has no file name for is played as it is said; none at all is 16 kHz, as there.
func playAudio(data []byte) Message {
	kind, _ := text(data, "audioContentType")
	rate, _ := number(find(data, "sampleRate"))
	m := Message{Kind: PlayAudio}
	switch kind {
	case "raw":
		m.Type, m.Rate = kind, saneRate(rate, 16000)
	case "wav", "wave":
		m.Type = "wav"
	default:
		return Message{}
	}
	return m.with(data, "audioContent")
}

// with fills in the audio that the member called name holds, and the body without
// it: all members of that name go, and those called "file", which is ours to say.
func (m Message) with(data []byte, name string) Message {
	encoded, ok := unquoted(find(data, name))
	if !ok {
		return Message{}
	}
	if m.Audio, ok = decodeBase64(encoded); !ok {
		return Message{}
	}
	body := []byte{'{'}
	members(data, func(e member) {
		if e.is(name) || e.is("file") {
			return
		}
		if len(body) > 1 {
			body = append(body, ',')
		}
		body = append(append(append(body, e.name...), ':'), e.value...)
	})
	m.Body = string(append(body, '}'))
	return m
}

// number reads a JSON number without a fraction.
func number(value []byte) (int, bool) {
	if len(value) == 0 || len(value) > 32 || value[0] == '"' {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil || f != float64(int32(f)) {
		return 0, false
	}
	return int(f), true
}

// saneRate returns rate when audio can have it, otherwise what it is without.
func saneRate(rate, without int) int {
	if rate < 8000 || rate > 64000 {
		return without
	}
	return rate
}

// decodeBase64 takes both alphabets of RFC 4648, with and without padding.
func decodeBase64(s []byte) ([]byte, bool) {
	if bytes.ContainsAny(s, "\r\n") {
		return nil, false
	}
	bare := bytes.TrimSuffix(bytes.TrimSuffix(s, []byte("=")), []byte("="))
	if len(s) != len(bare) && len(s)%4 != 0 {
		return nil, false
	}
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(bare, "-_") {
		encoding = base64.RawURLEncoding
	}
	audio := make([]byte, encoding.DecodedLen(len(bare)))
	n, err := encoding.Decode(audio, bare)
	return audio[:n], err == nil
}
