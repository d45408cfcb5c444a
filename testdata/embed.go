// Package testdata carries the prompts that are built into the program. They are
// made by our own synthesis, in testdata/gen.
package testdata

import (
	"embed"
	"io/fs"
)

//go:generate go run ./gen prompts

//go:embed prompts/*.wav
var files embed.FS

// Prompts returns the built-in prompts: welcome.wav (two seconds of chimes),
// music.wav (can be played in a loop without a seam) and beep.wav. All are mu-law,
// 8 kHz.
func Prompts() fs.FS {
	sub, err := fs.Sub(files, "prompts")
	if err != nil {
		panic("testdata: " + err.Error())
	}
	return sub
}
