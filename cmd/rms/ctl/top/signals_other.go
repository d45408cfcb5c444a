//go:build !unix

package top

import "os"

// resized has no signal here: the size is asked for with each frame.
func resized() (tokens <-chan os.Signal, stop func()) { return nil, func() {} }

func suspend() {}
