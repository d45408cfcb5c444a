package rtp

import (
	"sync/atomic"
	"time"
)

// Stats is what a session has counted so far.
type Stats struct {
	PacketsIn, BytesIn   uint64 // accepted RTP packets and their payload
	PacketsOut, BytesOut uint64 // RTP packets given to the outbox and their payload
	RTCPIn, RTCPOut      uint64

	Lost       int64         // expected minus received (RFC 3550 section 6.4.1); below 0 with duplicates
	Jitter     time.Duration // interarrival jitter, RFC 3550 section 6.4.1
	RTT        time.Duration // round trip from the far end's last report; 0 = none yet
	FarLost    int64         // what the far end says it has lost of ours
	FarHighest uint32        // extended highest sequence number of ours that it says it has seen
	FarJitter  time.Duration // the jitter that the far end sees
	Delay      time.Duration // of the jitter buffer now, beyond the fastest packet
	Target     time.Duration // the delay it aims at
	Concealed  uint64        // packets asked to be concealed
	Late       uint64        // came after their time
	Duplicate  uint64
	Shrunk     uint64 // packets of which less was played, to get the delay down
	Stretched  uint64 // packets of which more was played, to get the delay up
	Resyncs    uint64 // jumps of sequence or timestamp, new SSRCs
	Digits     uint64 // keys heard
	Noise      uint64 // comfort noise packets
	Foreign    uint64 // from a source that the latch does not accept
	Malformed  uint64 // neither RTP nor RTCP by their header, or broken events
	NotRTP     uint64 // STUN, DTLS and the like
	UnknownPT  uint64 // payload types that were not agreed
	Probation  uint64 // of a new SSRC or after a jump, before the second in sequence
	Truncated  uint64 // bigger than MaxPacket
	BadRTCP    uint64
	SendFailed uint64 // the kernel took it not
	Mismatched uint64 // frames in another encoding than the session's
}

// counters are written by the shard and read by everyone.
type counters struct {
	packetsIn, bytesIn, packetsOut, bytesOut, rtcpIn, rtcpOut atomic.Uint64

	lost, jitter, rtt, farLost, farJitter, delay, target atomic.Int64
	farHighest                                           atomic.Uint32

	concealed, late, duplicate, resyncs, digits, noise          atomic.Uint64
	foreign, malformed, notRTP, unknownPT, probation, truncated atomic.Uint64
	badRTCP, sendFailed, mismatched, shrunk, stretched          atomic.Uint64
}

// Stats returns the counters. It is safe from any goroutine.
func (s *Session) Stats() Stats {
	c := &s.count
	return Stats{
		PacketsIn: c.packetsIn.Load(), BytesIn: c.bytesIn.Load(),
		PacketsOut: c.packetsOut.Load(), BytesOut: c.bytesOut.Load(),
		RTCPIn: c.rtcpIn.Load(), RTCPOut: c.rtcpOut.Load(),
		Lost: c.lost.Load(), Jitter: time.Duration(c.jitter.Load()), RTT: time.Duration(c.rtt.Load()),
		FarLost: c.farLost.Load(), FarHighest: c.farHighest.Load(), FarJitter: time.Duration(c.farJitter.Load()),
		Delay: time.Duration(c.delay.Load()), Target: time.Duration(c.target.Load()),
		Concealed: c.concealed.Load(), Late: c.late.Load(), Duplicate: c.duplicate.Load(),
		Shrunk: c.shrunk.Load(), Stretched: c.stretched.Load(), Resyncs: c.resyncs.Load(), Digits: c.digits.Load(), Noise: c.noise.Load(),
		Foreign: c.foreign.Load(), Malformed: c.malformed.Load(), NotRTP: c.notRTP.Load(),
		UnknownPT: c.unknownPT.Load(), Probation: c.probation.Load(), Truncated: c.truncated.Load(),
		BadRTCP: c.badRTCP.Load(), SendFailed: c.sendFailed.Load(), Mismatched: c.mismatched.Load(),
	}
}
