// Package timeline places the packets of one RTP stream on the time line of a
// recording: where each sample was sent, give or take the path's constant delay,
// however late, disordered or drifting the packets came. It starts no goroutines and
// has no clock of its own; all times come with the packets.
//
//	line := timeline.New(timeline.Options{Rate: 8000})
//	line.SetCodec(0, pcmu)
//	line.Write(&timeline.Packet{Payload: p, Timestamp: ts, Sequence: seq, SSRC: ssrc, Arrival: at})
//	line.Take(now, sink)
package timeline
