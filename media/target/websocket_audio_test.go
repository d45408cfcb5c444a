package target_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"rms/media"
	"rms/media/target"
)

// wsCollects is a server that hands every frame over.
func wsCollects(t *testing.T, frames chan<- wsFrame, fields ...string) *wsFar {
	t.Helper()
	return newWSFar(t, func(p *wsPeer) {
		p.upgrade(fields...)
		for f, ok := p.frame(); ok; f, ok = p.frame() {
			frames <- f
			if f.op == 8 {
				_, _ = p.Write(wsBytes(0x88, f.data))
			}
		}
	})
}

func TestWebsocketFrameBytesByRateChannelsAndBuffer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate, channels, ms, bytes int
	}{
		{8000, 1, 20, 320},
		{16000, 1, 20, 640},
		{24000, 1, 20, 960},
		{8000, 2, 20, 640},
		{16000, 2, 20, 1280},
		{8000, 1, 100, 1600},
		{16000, 1, 60, 1920},
		{48000, 2, 1000, 192000},
	} {
		t.Run(fmt.Sprint(c.rate, c.channels, c.ms), func(t *testing.T) {
			t.Parallel()
			frames := make(chan wsFrame, 8)
			far := wsCollects(t, frames)
			o := far.options()
			o.Format = media.Format{Rate: c.rate, Channels: c.channels}
			o.Frame = time.Duration(c.ms) * time.Millisecond
			s := openWS(t, o)
			// Ticks of 20 ms, as a call writes them: a little more than three frames.
			tick := c.rate / 50 * c.channels
			all := make([]int16, 0, 4*c.bytes/2)
			for n := 0; len(all) <= 3*c.bytes/2; n++ {
				pcm := make([]int16, tick)
				for i := range pcm {
					pcm[i] = int16(len(all) + i*77 + 1)
				}
				all = append(all, pcm...)
				if err := s.conn.Write(&media.Frame{PCM: pcm, Format: o.Format}); err != nil {
					t.Fatal(err)
				}
			}
			s.finish("")
			var got []byte
			for i := range 3 {
				f := wsGot(t, frames)
				if f.op != 2 || !f.fin || len(f.data) != c.bytes {
					t.Fatalf("frame %d: opcode %d, fin %v, %d bytes, want %d", i, f.op, f.fin, len(f.data), c.bytes)
				}
				got = append(got, f.data...)
			}
			if f := wsGot(t, frames); f.op != 2 || len(f.data) != tick*2 {
				t.Errorf("tail is %v of %d bytes, want %d", f, len(f.data), tick*2)
			} else {
				got = append(got, f.data...)
			}
			var want bytes.Buffer
			_ = binary.Write(&want, binary.LittleEndian, all)
			if !bytes.Equal(got, want.Bytes()) {
				t.Error("the audio is not what was written")
			}
		})
	}
}

func TestWebsocketAudioIsLittleEndianAndInterleaved(t *testing.T) {
	t.Parallel()
	frames := make(chan wsFrame, 8)
	far := wsCollects(t, frames)
	o := far.options()
	o.Format.Channels = 2
	s := openWS(t, o)
	pcm := make([]int16, 320)
	pcm[0], pcm[1], pcm[2], pcm[3] = 0x0102, -2, -32768, 32767
	if err := s.conn.Write(&media.Frame{PCM: pcm, Format: o.Format}); err != nil {
		t.Fatal(err)
	}
	if f := wsGot(t, frames); !bytes.Equal(f.data[:8], []byte{2, 1, 0xfe, 0xff, 0, 0x80, 0xff, 0x7f}) {
		t.Errorf("% x", f.data[:8])
	}
	s.conn.Close()
}

func TestWebsocketFrameOfAnotherFormatIsRefused(t *testing.T) {
	t.Parallel()
	far := wsCollects(t, make(chan wsFrame, 8))
	s := openWS(t, far.options())
	err := s.conn.Write(&media.Frame{PCM: make([]int16, 320), Format: media.Format{Rate: 16000, Channels: 1}})
	if !errors.Is(err, media.ErrFormat) {
		t.Errorf("%v", err)
	}
	if err := s.conn.Write(&media.Frame{Lost: true, Samples: 160}); err != nil {
		t.Errorf("lost frame: %v", err)
	}
	s.finish("")
	if n := s.conn.Stats().FramesOut; n != 0 {
		t.Errorf("%d frames out", n)
	}
}

func TestWebsocketDigitSendsNothing(t *testing.T) {
	t.Parallel()
	frames := make(chan wsFrame, 8)
	s := openWS(t, wsCollects(t, frames).options())
	if err := s.conn.Digit('5', time.Second); err != nil {
		t.Error(err)
	}
	s.finish("")
	if f := wsGot(t, frames); f.op != 8 {
		t.Errorf("%v for a key", f)
	}
}

func TestWebsocketGracefulShutdownSendsTailThenAnEmptyBinaryFrameAndStays(t *testing.T) {
	t.Parallel()
	frames := make(chan wsFrame, 8)
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		for f, ok := p.frame(); ok; f, ok = p.frame() {
			frames <- f
			if len(f.data) == 0 {
				p.text("final result")
			}
			if f.op == 8 {
				p.goodbye(1000, "")
			}
		}
	})
	s := openWS(t, far.options())
	_ = s.write(make([]int16, 100))
	g, ok := s.conn.(target.Graceful)
	if !ok {
		t.Fatal("no graceful shutdown")
	}
	for range 2 {
		if err := g.Graceful(); err != nil {
			t.Fatal(err)
		}
	}
	wsEventually(t, "the last result", func() bool { return s.ear.heard() == "text" })
	if err := s.write(make([]int16, 160)); err != nil {
		t.Errorf("write after the audio ended: %v", err)
	}
	if err := s.conn.Text(t.Context(), "thanks"); err != nil {
		t.Error(err)
	}
	s.finish("")
	for i, want := range []struct {
		op   byte
		size int
	}{{2, 200}, {2, 0}, {1, 6}, {8, 16}} {
		if f := wsGot(t, frames); f.op != want.op || len(f.data) != want.size {
			t.Errorf("frame %d is %v of %d bytes, want %x of %d", i, f, len(f.data), want.op, want.size)
		}
	}
}

func TestWebsocketTextKeepsOrderAndAllItsWords(t *testing.T) {
	t.Parallel()
	frames := make(chan wsFrame, 64)
	s := openWS(t, wsCollects(t, frames).options())
	long := strings.Repeat("long ", 20000)
	for i := range 20 {
		if err := s.conn.Text(t.Context(), fmt.Sprintf("two words %d", i)); err != nil {
			t.Fatal(err)
		}
		_ = s.write(make([]int16, 160))
	}
	if err := s.conn.Text(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if f := wsGot(t, frames); f.op != 1 || string(f.data) != fmt.Sprintf("two words %d", i) {
			t.Fatalf("%d: %v", i, f)
		}
		if f := wsGot(t, frames); f.op != 2 {
			t.Fatalf("%d: %v, want audio", i, f)
		}
	}
	if f := wsGot(t, frames); !f.fin || string(f.data) != long {
		t.Errorf("long text came as %d bytes, fin %v", len(f.data), f.fin)
	}
	s.finish("")
	if st := s.conn.Stats(); st.TextOut != 21 || st.FramesOut != 20 || st.BytesOut != 6400 || st.Dropped != 0 {
		t.Errorf("%+v", st)
	}
}

func TestWebsocketTextThatIsNoUTF8IsNotSent(t *testing.T) {
	t.Parallel()
	frames := make(chan wsFrame, 8)
	s := openWS(t, wsCollects(t, frames).options())
	for _, bad := range []string{"\xff", "\xc0\xaf", "\xed\xa0\x80"} {
		if err := s.conn.Text(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "not UTF-8") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	s.finish("\xff")
	if f := wsGot(t, frames); f.op != 8 {
		t.Errorf("%v", f)
	}
}

func TestWebsocketTextReturnsWithItsContextAndIsSentOnce(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	texts := make(chan string, 4)
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		<-read
		for f, ok := p.frame(); ok; f, ok = p.frame() {
			if f.op == 1 {
				texts <- string(f.data)
			}
		}
	})
	s := openWS(t, far.options())
	stuck := make(chan struct{})
	go func() {
		defer close(stuck)
		for range 20 {
			_ = s.write(make([]int16, 40000))
		}
	}()
	wsStill(t, s.conn)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.conn.Text(ctx, "gave up its turn"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("text behind audio: %v", err)
	}
	close(read)
	wsGot(t, stuck)
	if err := s.conn.Text(t.Context(), "after"); err != nil {
		t.Fatal(err)
	}
	if got := wsGot(t, texts); got != "after" {
		t.Errorf("server heard %q", got)
	}
}

func TestWebsocketTextThatIsHalfSentIsFinishedLater(t *testing.T) {
	t.Parallel()
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	read := make(chan struct{})
	texts := make(chan int, 4)
	far := newWSFar(t, func(p *wsPeer) {
		_ = p.Conn.(*net.TCPConn).SetReadBuffer(64 << 10)
		p.upgrade()
		_, _ = p.br.Peek(1) // it has begun
		giveUp()
		<-read
		for f, ok := p.frame(); ok; f, ok = p.frame() {
			texts <- len(f.data)
		}
	})
	s := openWS(t, far.options())
	const size = 2 << 20
	if err := s.conn.Text(ctx, strings.Repeat("x", size)); !errors.Is(err, context.Canceled) {
		t.Errorf("text: %v", err)
	}
	close(read)
	if err := s.conn.Text(t.Context(), "next"); err != nil {
		t.Fatal(err)
	}
	if a, b := wsGot(t, texts), wsGot(t, texts); a != size || b != 4 {
		t.Errorf("texts of %d and %d bytes", a, b)
	}
}

func TestWebsocketStallTimeoutEndsTheStream(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		<-t.Context().Done()
	})
	o := far.options()
	o.StallTimeout = 100 * time.Millisecond
	s := openWS(t, o)
	var err error
	for err == nil {
		err = s.write(make([]int16, 8000))
	}
	if err.Error() != "Timeout" {
		t.Errorf("write: %v", err)
	}
	want := target.Ended{
		By: target.ByTimeout, Code: 1006, Reason: "Abnormal closure",
		Error: target.CodeTimeout, Text: "Timeout", Again: true,
	}
	if e := s.over(); e != want {
		t.Errorf("ended %+v", e)
	}
	if n := s.conn.Stats().Dropped; n != 1 {
		t.Errorf("%d frames dropped, want the one that was cut off", n)
	}
}

func TestWebsocketWriteWaitsForASlowServerAndLosesNothing(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	total := make(chan int, 1)
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		<-read
		n := 0
		for f, ok := p.frame(); ok && f.op != 8; f, ok = p.frame() {
			n += len(f.data)
		}
		total <- n
		p.goodbye(1000, "")
	})
	o := far.options()
	o.StallTimeout = 5 * time.Second
	s := openWS(t, o)
	const writes = 100
	wrote := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < writes && err == nil; i++ {
			err = s.write(make([]int16, 8000))
		}
		wrote <- err
	}()
	wsStill(t, s.conn)
	held := s.conn.Stats().BytesOut
	close(read)
	if err := wsGot(t, wrote); err != nil {
		t.Fatal(err)
	}
	s.finish("")
	if n := wsGot(t, total); n != writes*16000 {
		t.Errorf("%d bytes came of %d", n, writes*16000)
	}
	t.Logf("a far end that does not read hides %d bytes of audio", held)
}
