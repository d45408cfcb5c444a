// Package audiostream holds the words of FreeSWITCH's mod_audio_stream, in both of
// its generations, and of mod_audio_fork: the commands that start a stream and
// their replies, the channel variables that tune it, the JSON that a websocket
// server sends, and the bodies of the events. It opens no connection and keeps no
// state.
//
//	c, reply := audiostream.ParseCommand(`<uuid> start ws://bot.example/in mono 16k {"tag":"a"}`)
//	m := audiostream.ParseMessage(text, compat == audiostream.G1)
//	if m.Kind == audiostream.StreamAudio {
//		body := audiostream.PlayBody(m.Body, file)
//	}
//
// Everything that it parses comes from outside and may be hostile: sizes are
// checked before anything is decoded, nothing recurses, and work and memory grow
// with the length of the input only.
package audiostream

import "fmt"

// Compat says whose event bodies a stream sends.
type Compat string

// The ways of Compat.
const (
	Best Compat = "best" // as G2, and with the HTTP status where there was one
	G1   Compat = "g1"   // the generation built on IXWebSocket, until 2025
	G2   Compat = "g2"   // the generation built on libwsc, from 2025 on
)

// ParseCompat returns the way called name; "" is Best.
func ParseCompat(name string) (Compat, error) {
	switch c := Compat(name); c {
	case "":
		return Best, nil
	case Best, G1, G2:
		return c, nil
	}
	return "", fmt.Errorf("compatibility %q: allowed are best, g1, g2", name)
}
