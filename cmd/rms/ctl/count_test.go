package ctl_test

import (
	"testing"

	"rms/cmd/rms/ctl"
)

func TestNumbersAreForPeople(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		ctl.Count(0, "recording"): "0 recordings", ctl.Count(1, "recording"): "1 recording", ctl.Count(2, "channel"): "2 channels",
		ctl.Bytes(999): "999 B", ctl.Bytes(1000): "1.0 kB", ctl.Bytes(1_300_000): "1.3 MB", ctl.Bytes(1 << 62): "4.6 EB",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
