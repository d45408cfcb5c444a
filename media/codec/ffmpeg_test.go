package codec

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"testing"
)

// ffmpeg runs the independent implementation on input. Where it is missing the
// test is skipped, except in CI.
func ffmpeg(t *testing.T, input []byte, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI needs ffmpeg: apt-get install ffmpeg")
		}
		t.Skip("ffmpeg is not installed")
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"-nostdin", "-loglevel", "error"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg %q: %v\n%s", args, err, errs.Bytes())
	}
	return out.Bytes()
}

func littleEndian(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

func fromLittleEndian(b []byte) []int16 {
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm
}
