// Command tonewav writes a WAV file with a tone:
//
//	go run ./media/wav/wavtest/tonewav -rate 44100 -channels 2 -encoding pcm24 -hz 440 -for 3s tone.wav
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"rms/media/wav/wavtest"
)

func main() {
	var t wavtest.Tone
	flag.IntVar(&t.Rate, "rate", 8000, "sample rate in Hz")
	flag.IntVar(&t.Channels, "channels", 1, "channels, all with the same tone unless -hz2 is given")
	flag.StringVar(&t.Encoding, "encoding", "pcm16", "one of "+strings.Join(wavtest.Encodings, ", "))
	flag.Float64Var(&t.Hz, "hz", 440, "frequency in Hz, negative for silence")
	flag.Float64Var(&t.HzOther, "hz2", 0, "frequency of the channels after the first, in Hz")
	flag.Float64Var(&t.Level, "level", 0.5, "peak level, 1 is full scale")
	flag.DurationVar(&t.Duration, "for", time.Second, "length")
	flag.BoolVar(&t.Extensible, "extensible", false, "write the extensible header")
	flag.BoolVar(&t.Streamed, "streamed", false, "leave the sizes unknown")
	flag.BoolVar(&t.RF64, "rf64", false, "write RF64")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: tonewav [flags] FILE")
		flag.PrintDefaults()
		os.Exit(2)
	}
	if err := wavtest.Write(flag.Arg(0), t); err != nil {
		fmt.Fprintln(os.Stderr, "tonewav:", err)
		os.Exit(1)
	}
}
