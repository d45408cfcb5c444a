package call

import (
	"testing"
	"time"
)

func TestOldKeysDoNotCount(t *testing.T) {
	t.Parallel()
	var keys typed
	at := time.Unix(1000, 0)
	keys.add('1', at)
	keys.add('2', at.Add(9*time.Second))
	if d := keys.next(at.Add(11 * time.Second)); d != '2' {
		t.Errorf("%q", d)
	}
	if d := keys.next(at); d != 0 {
		t.Errorf("%q", d)
	}
}

func TestTypeAheadIsBounded(t *testing.T) {
	t.Parallel()
	var keys typed
	at := time.Unix(1000, 0)
	for i := range 1000 {
		keys.add("0123456789"[i%10], at)
	}
	if len(keys.keys) != typedKept || keys.next(at) != "0123456789"[(1000-typedKept)%10] {
		t.Errorf("%d keys are kept", len(keys.keys))
	}
	keys.flush()
	if keys.next(at) != 0 {
		t.Error("keys after a flush")
	}
}
