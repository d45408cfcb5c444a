package audiostream

import "strconv"

// rawExtensions are the sample rates of s16 files without a header that FreeSWITCH
// knows by their names.
var rawExtensions = map[int]string{
	8000: ".r8", 16000: ".r16", 24000: ".r24", 32000: ".r32", 48000: ".r48", 64000: ".r64",
}

// FileExtension returns what the name of a file with such audio ends with: ".r8"
// for raw audio of 8000 Hz, ".wav", ".pcmu". It is false for another kind, and for
// raw audio of a rate without a name; mod_audio_fork calls that ".r16", which is
// what comes with the false.
func FileExtension(kind string, rate int) (string, bool) {
	switch kind {
	case "raw":
		if e, ok := rawExtensions[rate]; ok {
			return e, true
		}
		return ".r16", false
	case "wav", "mp3", "ogg", "pcmu", "pcma":
		return "." + kind, true
	}
	return "", false
}

// FileName returns the name of the n-th piece of audio of a stream, counted from 0:
// <uuid>_0.tmp.r8.
func FileName(uuid string, n int, kind string, rate int) string {
	extension, _ := FileExtension(kind, rate)
	return uuid + "_" + strconv.Itoa(n) + ".tmp" + extension
}
