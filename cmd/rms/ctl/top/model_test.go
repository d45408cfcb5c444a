package top

import (
	"testing"
	"time"

	"rms/call"
	"rms/cmd/rms/ctl"
)

func TestChoiceStaysWithItsCall(t *testing.T) {
	t.Parallel()
	m := model(10)
	press(m, KeyDown, KeyDown)
	id := m.selected
	if id != fake(2).ID {
		t.Fatal(id)
	}
	take := func(calls ...int) {
		s := Sample{At: start, Status: status(3700, len(calls)), Total: len(calls)}
		for _, n := range calls {
			s.Calls = append(s.Calls, fake(n))
		}
		m.Take(s)
	}
	take(0, 2, 5, 6)
	if m.selected != id || m.at != 1 {
		t.Errorf("row %d, %s", m.at, m.selected)
	}
	take(0, 5, 6)
	if m.selected != fake(5).ID {
		t.Errorf("after the end of the call %s is chosen", m.selected)
	}
	take()
	if m.selected != "" || press(m, KeyEnter).Fetch || press(m, 'h').Hangup != "" || m.mode != table {
		t.Errorf("%q is chosen of nothing", m.selected)
	}
}

func TestHangUpIsAskedFor(t *testing.T) {
	t.Parallel()
	m := model(5)
	if a := press(m, KeyDown, 'h'); a.Hangup != "" || m.mode != confirming {
		t.Error("hung up without a question")
	}
	if a := press(m, 'x'); a.Hangup != "" || m.mode != table {
		t.Error("x is no yes")
	}
	if a := press(m, 'h', 'y'); a.Hangup != fake(1).ID || m.mode != table {
		t.Errorf("hangs up %q", a.Hangup)
	}
	press(m, KeyEnter)
	if a := press(m, 'h', 'y'); a.Hangup != fake(1).ID || m.mode != details {
		t.Errorf("hangs up %q", a.Hangup)
	}
}

func TestAnswerIsForTheCallThatWasAskedAbout(t *testing.T) {
	t.Parallel()
	m := model(5)
	press(m, KeyDown, 'h')
	m.Take(Sample{At: start, Status: status(3700, 1), Calls: []call.CallInfo{fake(4)}, Total: 1}) // it ends meanwhile
	if a := press(m, 'y'); a.Hangup != "" && a.Hangup != fake(1).ID {
		t.Errorf("hangs up %s", a.Hangup)
	}
}

func TestFilterHoldsWhileItIsTyped(t *testing.T) {
	t.Parallel()
	m := model(30)
	press(m, '/', '0', '0', '7')
	if len(m.rows) != 1 || m.selected != fake(7).ID {
		t.Errorf("%d rows, %s", len(m.rows), m.selected)
	}
	press(m, KeyBackspace, KeyEnter, 'q')
	if m.filter != "00" || m.mode != table {
		t.Errorf("filter %q", m.filter)
	}
	press(m, KeyEscape)
	if len(m.rows) != 30 {
		t.Errorf("%d rows", len(m.rows))
	}
	press(m, '/')
	for range 1000 {
		press(m, 'x')
	}
	if len(m.filter) > filterMost {
		t.Errorf("a filter of %d bytes", len(m.filter))
	}
}

func TestEveryColumnSortsBothWays(t *testing.T) {
	t.Parallel()
	m := model(10)
	for i := range allColumns {
		for _, upward := range []bool{true, false} {
			m.sort, m.upward = i, upward
			m.arrange()
			for k := 1; k < len(m.rows); k++ {
				if n := allColumns[i].compare(m.rows[k-1], m.rows[k]); upward && n > 0 || !upward && n < 0 {
					t.Errorf("column %s, upward %v: row %d", allColumns[i].title, upward, k)
				}
			}
		}
	}
	for range len(allColumns) {
		press(m, KeyRight)
	}
	press(m, KeyLeft, 'S')
}

func TestRatesAreThoseOfTheLastSeconds(t *testing.T) {
	t.Parallel()
	old, now := status(100, 5), status(110, 5)
	now.RTP.Lost = old.RTP.Lost + 500
	now.Clock.Counts[2] += 1000 // late by 10 ms
	r := rates(old, now)
	if !r.Known || r.Setups != 12 || r.CPU < 33.9 || r.CPU > 34.1 || r.In != 50000 || r.LateP99 != 10 || r.Loss < 0.09 || r.Loss > 0.11 {
		t.Errorf("%+v", r)
	}
	other := status(3, 0)
	other.Began = start.Add(time.Hour) // started anew
	if r := rates(now, other); r.Known || r.Setups != 0 {
		t.Errorf("%+v", r)
	}
	if r := rates(nil, now); r.Known {
		t.Errorf("%+v", r)
	}
	if r := rates(now, now); r.Known {
		t.Errorf("%+v", r)
	}
	if v := lateP99(&ctl.Status{}, &ctl.Status{Clock: ctl.ClockStatus{P99MS: 3}}); v != 3 {
		t.Errorf("%v", v)
	}
}

func TestServerThatIsStartedAnewIsCountedAnew(t *testing.T) {
	t.Parallel()
	m := model(5)
	m.Take(Sample{At: start, Err: &ctl.NoServerError{}})
	s := status(1, 0)
	s.Began = start.Add(time.Hour)
	m.Take(Sample{At: start, Status: s})
	if m.rates.Known || m.failed != nil || len(m.history) != 0 {
		t.Errorf("%+v", m.rates)
	}
}

func TestHistoryIsBoundedAndForgotten(t *testing.T) {
	t.Parallel()
	m := NewModel("x")
	for i := range 3 * kept {
		c := fake(1)
		c.ID = fake(1).ID
		other := fake(100 + i) // a call of one second
		m.Take(Sample{At: start, Status: status(float64(i), 2), Calls: []call.CallInfo{c, other}, Total: 2})
	}
	if len(m.history) != 2 || len(m.history[fake(1).ID].points) != kept || len(m.status) != window+1 {
		t.Errorf("%d histories, %d points, %d statuses", len(m.history), len(m.history[fake(1).ID].points), len(m.status))
	}
	if n := cap(m.history[fake(1).ID].points); n > 2*kept {
		t.Errorf("room for %d points", n)
	}
}

func TestSparksShowTroubleOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float32
		want   string
	}{
		{[]float32{0, 0, 0}, "   "}, {[]float32{0, 5, 0}, " █ "}, {[]float32{0.01}, "▁"}, {[]float32{10, 5}, "█▄"}, {nil, ""},
	} {
		if got, _ := spark(c.values, 10, 5, false); got != c.want {
			t.Errorf("%v is %q, want %q", c.values, got, c.want)
		}
	}
	if got, most := spark([]float32{9, 9, 0, 1}, 2, 5, true); len(got) != 2 || most != 1 || got[0] != ' ' {
		t.Errorf("%q, %v", got, most)
	}
}
