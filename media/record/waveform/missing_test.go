package waveform_test

import (
	"testing"

	"rms/media/record/ledger"
	"rms/media/record/waveform"
)

func TestSilenceOfAFarEndIsNoGapInThePicture(t *testing.T) {
	t.Parallel()
	p := waveform.Of(&ledger.Sidecar{
		Sides: []ledger.Side{{Label: "caller"}}, Gaps: []ledger.Gap{
			{AtMS: 100, LengthMS: 50, Side: "caller", Reason: "silent"}, {AtMS: 200, LengthMS: 50, Side: "caller", Reason: "dtx"},
			{AtMS: 300, LengthMS: 50, Side: "caller", Reason: "loss"}, {AtMS: 400, LengthMS: 50, Reason: "disk"},
		},
	})
	if len(p.Gaps) != 2 || p.Gaps[0].Reason != "loss" || p.Gaps[1].Reason != "disk" {
		t.Errorf("gaps %+v", p.Gaps)
	}
}
