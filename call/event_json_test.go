package call_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"rms/call"
)

func TestEventAsJSONKeepsTheOrderOfItsFields(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 15, 4, 5, 123, time.FixedZone("east", 3600))
	ev := &call.Event{Name: "my_route", Kind: call.EventPlayEnd, Call: "c1", Time: at, Fields: []call.Field{
		{Name: "zeta", Value: "a\"b\n"}, {Name: "alpha", Value: int64(7)}, {Name: "list", Value: []any{1.5, true, nil}},
	}}
	want := `{"id":"x.1","event":"my_route","kind":"rms:play_end","call":"c1","time":"2026-01-02T14:04:05.000000123Z","fields":{"zeta":"a\"b\n","alpha":7,"list":[1.5,true,null]}}`
	if got := string(ev.AppendJSON(nil, "x.1")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	want = `,{"event":"rms:lost","kind":"rms:lost","time":"0001-01-01T00:00:00Z","fields":{}}`
	if got := string((&call.Event{Name: call.EventLost}).AppendJSON([]byte(","), "")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEventAsJSONIsValidWhateverItsFieldsHold(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		math.NaN(), math.Inf(1), []any{math.NaN()}, map[string]any{"x": []any{math.Inf(-1)}}, make(chan int), "\xff\x00", "</script>", struct{}{},
	} {
		ev := &call.Event{Name: "n\"\n", Fields: []call.Field{{Name: "f\"", Value: v}, {Name: "g", Value: 1}}}
		var back struct {
			Event  string
			Fields map[string]any
		}
		text := ev.AppendJSON(nil, "")
		if err := json.Unmarshal(text, &back); err != nil || back.Event != ev.Name || back.Fields["g"] != 1.0 {
			t.Errorf("%v: %v: %s", v, err, text)
		}
	}
}
