package call

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"rms/media/codec"
	"rms/media/filter"
	"rms/media/target"
)

// deaf is a Router without routes.
type deaf struct{}

func (deaf) Has(string) bool                      { return false }
func (deaf) Run(*Exec, string, func(error)) error { return errors.New("no route") }

// brief is a connection that lasts a while and breaks.
type brief struct {
	target.Conn
	lasts time.Duration
}

func (b *brief) Serve(target.Handler) target.Ended {
	time.Sleep(b.lasts)
	return target.Ended{By: target.ByError, Code: 1006, Error: target.CodeIO, Again: true}
}

func (b *brief) Stats() target.Stats { return target.Stats{} }
func (b *brief) Close() error        { return nil }

// attempts runs a stream in fake time and returns what its events were.
func attempts(t *testing.T, retries int, connect time.Duration, open func(ctx context.Context) (target.Conn, error)) (events []Event) {
	t.Helper()
	m := NewManager(Options{Router: deaf{}, Watch: func(ev *Event) { events = append(events, *ev) }})
	c := &Call{id: "x", manager: m, router: deaf{}, state: answered}
	c.box.call = c
	cd, _ := codec.Lookup("PCMU", 8000, 1)
	u, _ := url.Parse("wstest://far/")
	s := &stream{call: c, name: "s", kind: &target.Scheme{Open: func(ctx context.Context, _ *target.Options) (target.Conn, error) { return open(ctx) }}}
	s.set = streamSettings{target: target.Options{URL: u}, retries: retries, connect: connect, mix: filter.Mono}
	c.streams = []*stream{s}
	s.life = newStreamLife(s, &leg{call: c, codec: cd})
	c.streaming.Add(1)
	m.streaming.Add(1)
	m.spawn(s.life.run)
	<-s.life.ended
	synctest.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	m.Close(ctx)
	return events
}

func count(events []Event, name string) int {
	n := 0
	for i := range events {
		if events[i].Name == name {
			n++
		}
	}
	return n
}

func TestAttemptsThatTakeLongAreCountedAsFailedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		events := attempts(t, 2, 15*time.Second, func(ctx context.Context) (target.Conn, error) {
			if tries++; tries > 10 {
				return nil, &target.ConnectError{Final: true}
			}
			<-ctx.Done()
			return nil, ctx.Err()
		})
		if tries != 3 || count(events, EventStreamError) != 3 {
			t.Errorf("%d attempts, want the first and 2 more; %d errors", tries, count(events, EventStreamError))
		}
		for i := range events {
			if ev := &events[i]; ev.Name == EventStreamError && (ev.Get("code") != int64(target.CodeTimeout) || ev.Get("body") != `{"status":"error","message":{"code":10,"error":"Timeout"}}`) {
				t.Errorf("error %v", ev.Fields)
			}
		}
	})
}

func TestAConnectionThatLastedIsFollowedByAllAttemptsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		events := attempts(t, 2, time.Second, func(context.Context) (target.Conn, error) {
			if tries++; tries == 1 || tries == 3 {
				return &brief{lasts: time.Minute}, nil
			}
			return nil, &target.ConnectError{Code: target.CodeConnectFailed, Text: "Connection refused (system error 111)"}
		})
		if tries != 5 || count(events, EventStreamConnect) != 2 || count(events, EventStreamDisconnect) != 5 {
			t.Errorf("%d attempts, want 2 after the second that lasted; %d connections, %d ends",
				tries, count(events, EventStreamConnect), count(events, EventStreamDisconnect))
		}
	})
}

func TestAFinalRefusalIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		events := attempts(t, 5, time.Second, func(context.Context) (target.Conn, error) {
			tries++
			return nil, &target.ConnectError{Code: target.CodeConnectFailed, Text: "refused by stream.allow", Final: true}
		})
		if tries != 1 || events[len(events)-1].Get("again") == true {
			t.Errorf("%d attempts, %v", tries, events)
		}
	})
}

func TestTheWaitBetweenAttemptsGrowsTo30SecondsAndVaries(t *testing.T) {
	t.Parallel()
	for retry, want := range []time.Duration{500, 1000, 2000, 4000, 8000, 16000, 30000, 30000} {
		want *= time.Millisecond
		seen := map[time.Duration]bool{}
		for range 20 {
			d := backoff(retry)
			if d < want*3/4 || d > want*5/4 {
				t.Errorf("attempt %d waits %s, want %s and a quarter more or less", retry, d, want)
			}
			seen[d] = true
		}
		if len(seen) < 2 {
			t.Errorf("attempt %d always waits the same", retry)
		}
	}
	if d := backoff(1 << 30); d > 40*time.Second {
		t.Errorf("%s", d)
	}
}
