package main

// server is another program that plays a prompt to calls, one way, PCMU: a row of
// docs/performance.md.
type server struct {
	name string
	low  float64 // mcore per call
	high float64
}

var servers = []server{
	{"rtp_media_server (mediastreamer2 5.1)", 2.04, 2.42},
	{"Asterisk 23.4, .ulaw file", 1.58, 1.79},
	{"FreeSWITCH 1.10.12, .wav file", 2.74, 2.92},
	{"rtpengine 10.5, play media", 0.99, 1.63},
	{"diago, playback", 0.50, 0.79},
	{"a bare loop in Go, no graph", 0.175, 0.205},
	{"C, nothing but sendto", 0.066, 0.066},
}

// piece is another way to do what one of our benchmarks does. It is measured in
// the same run where peer names a benchmark, else ns is what it took on the machine
// of docs/performance.md.
type piece struct {
	ours string // package and name of our benchmark
	peer string // of the peer's
	ns   float64
	name string
}

var pieces = []piece{
	{ours: "media.Shape/graph", peer: "media.Shape/goroutine_per_call", name: "a goroutine for each call"},
	{ours: "media.Shape/graph", peer: "media.Shape/goroutine_per_filter", name: "a goroutine for each filter, joined by channels"},
	{ours: "media.G711MulawEncode", ns: 92, name: "mu-law by table"},
	{ours: "media/codec.Codec/PCMU/decode", ns: 92, name: "mu-law by table, without concealment"},
	{ours: "media/filter.Filter/mixer2", ns: 169, name: "mixing two frames, plain loop"},
	{ours: "media/filter.CallTick", ns: 1000, name: "the limit for decode, mix, gain, encode"},
	{ours: "media/filter.Resampler/8000-16000", ns: 13000, name: "64 taps, plain loop"},
	{ours: "media/filter.Resampler/16000-8000", ns: 17000, name: "64 taps, plain loop"},
	{ours: "media/filter.Resampler/44100-8000", ns: 88000, name: "64 taps, plain loop"},
	{ours: "media/filter.Resampler/48000-8000", ns: 44000, name: "64 taps, plain loop"},
	{ours: "media/wav.Read20ms/pcm16", peer: "media/wav.Read20msByGoAudio/pcm16", name: "go-audio/wav"},
	{ours: "media/wav.Read20ms/pcm24", peer: "media/wav.Read20msByGoAudio/pcm24", name: "go-audio/wav"},
	{ours: "rtp.SendRealSocket", ns: 2000, name: "sendto from Go, 1000 sockets"},
	{ours: "rtp.SendRealSocket", ns: 1290, name: "sendto from C, 1000 sockets"},
	{ours: "scripting/lua.EmptyRoute", ns: 830, name: "gopher-lua with a timeout"},
}
