// Package audiotest measures audio: the dominant tone and its level, noise beside
// a tone, the delay between two signals, clicks. Tests judge by it, and so does
// the verdict of rms call. Levels are in dBFS: 0 is a sine that reaches full
// scale, silence is -Inf.
//
//	pcm := audiotest.Tone(8000, 440, -10, time.Second)
//	freq, level := audiotest.Find(pcm, 8000) // 440 Hz, -10 dBFS
package audiotest
