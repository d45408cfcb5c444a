package target_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/media"
	"rms/media/target"
	"rms/media/wire/rst"
)

// A call that ends in a hurry still tells the server.
func TestRSTFinishWithoutTimeSaysByeAllTheSame(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	s := f.open(t, f.options(), func() { f.main.say(f.main.next().from, f.ack()) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	start := time.Now()
	if e := s.Finish(ctx, ""); e.By != target.ByLocal || time.Since(start) > rstPatience/2 {
		t.Errorf("%+v after %v", e, time.Since(start))
	}
	for range 3 {
		if got := f.main.next(); got.text != "BYE :"+rstID {
			t.Errorf("%q", got.text)
		}
	}
	f.main.empty()
	s.ended()
}

func TestRSTWriteFinishCloseAndByeMayMeet(t *testing.T) {
	t.Parallel()
	for i := range 20 {
		far := newRSTFar(t, "127.0.0.1:0")
		o := far.options()
		o.HexDir = t.TempDir()
		s := openRST(t, o)
		from := far.next().from
		var all sync.WaitGroup
		all.Go(func() {
			for err := error(nil); err == nil; {
				err = s.Write(&media.Frame{PCM: make([]int16, 320), Format: media.Format{Rate: 8000, Channels: 2}})
				if err != nil && !errors.Is(err, target.ErrClosed) {
					t.Errorf("Write: %v", err)
				}
			}
		})
		all.Go(func() { s.finish() })
		if i%2 == 0 {
			all.Go(func() { s.Close() })
		}
		if i%3 == 0 {
			all.Go(func() { far.conn.WriteToUDPAddrPort([]byte("BYE :"+rstID), from) })
		}
		all.Wait()
		if e := s.ended(); e.By != target.ByLocal && e.By != target.ByRemote {
			t.Errorf("%+v", e)
		}
	}
}

func TestRSTSecondStreamOfACallMayHaveAUUIDOfItsOwn(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	o := far.options()
	o.UUID = strings.Replace(rstID, "4", "5", 1)
	s := openRST(t, o)
	if got := far.next(); !strings.HasPrefix(got.text, "INV :"+o.UUID+":") {
		t.Errorf("%q", got.text)
	}
	s.finish()
}

func TestRSTRunsOverIPv6(t *testing.T) {
	t.Parallel()
	if c, err := net.ListenPacket("udp", "[::1]:0"); err != nil {
		t.Skip(err)
	} else {
		c.Close()
	}
	far, audio := newRSTFar(t, "[::1]:0"), newRSTFar(t, "[::1]:0")
	for generation := 1; generation <= 2; generation++ {
		o := far.options()
		o.Generation, o.Format.Channels = generation, 1
		port := int(audio.addr.Port())
		done := make(chan struct{})
		go func() {
			defer close(done)
			far.say(far.next().from, string(rst.AppendAck(nil, rstID, port, port)))
		}()
		s := openRST(t, o)
		<-done
		s.write(rstRamp(160, 1), 1)
		if generation == 1 {
			far.data()
		} else if got := audio.next(); len(got.text) != 160 {
			t.Errorf("%d bytes", len(got.text))
		}
		s.finish()
		for range generation*2 - 1 {
			if got := far.next(); got.text != "BYE :"+rstID {
				t.Errorf("%.60q", got.text)
			}
		}
	}
}
