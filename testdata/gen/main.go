// Command gen synthesises the prompts that are built into the program, into the
// folder that it is given:
//
//	go generate ./testdata
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"rms/media"
	"rms/media/wav"
)

// rate of the prompts in Hz.
const rate = 8000

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen FOLDER")
		os.Exit(2)
	}
	for name, audio := range map[string][]float64{"welcome.wav": welcome(), "music.wav": music(), "beep.wav": beep()} {
		if err := write(filepath.Join(os.Args[1], name), audio); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}

// write stores audio of -1 to 1 as mu-law.
func write(name string, audio []float64) error {
	pcm := make([]int16, len(audio))
	for i, v := range audio {
		pcm[i] = int16(32767 * max(-1, min(1, v)))
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := wav.NewWriter(f, media.Format{Rate: rate, Channels: 1}, wav.Mulaw)
	if err != nil {
		return err
	}
	if err := w.WriteSamples(pcm); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}
