// Package sink is the far end of a stream for "rms sink": a receiver of RST,
// AudioSocket or websocket audio that takes many streams at once, writes a WAV file
// of each, measures levels and the gaps between arrivals, answers as the protocol
// asks, and can send audio back.
//
//	s, err := sink.Start(sink.Options{Kind: sink.Websocket, Listen: "127.0.0.1:9001", Dir: "heard"})
//	...
//	err = s.Close(ctx) // ends every stream; the files are whole
//
// It takes what strangers send. No size that they claim is believed, what they can
// make it keep is bounded, and Clean makes their text harmless for a terminal.
package sink
