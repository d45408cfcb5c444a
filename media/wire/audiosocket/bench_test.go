package audiosocket_test

import (
	"io"
	"testing"

	"rms/media/wire/audiosocket"
)

// BenchmarkPeerWrite sends 20 ms at 8000 Hz over loopback.
func BenchmarkPeerWrite(b *testing.B) {
	start, done := make(chan struct{}), make(chan struct{})
	s := listen(b, audiosocket.ServerOptions{}, func(p *audiosocket.Peer) {
		defer close(done)
		<-start
		pcm := make([]int16, 160)
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			if err := p.Write(pcm, 8000); err != nil {
				b.Error(err)
				return
			}
		}
		b.StopTimer()
	})
	a := dial(b, s)
	a.say(hello(b, uuid))
	go io.Copy(io.Discard, a.Conn)
	close(start)
	<-done
}

func BenchmarkReader(b *testing.B) {
	src := &endless{message: audiosocket.AppendAudio(nil, audiosocket.Slin8, make([]int16, 160))}
	in := audiosocket.NewReader(src, 0)
	var pcm []int16
	b.ReportAllocs()
	for range b.N {
		m, err := in.Next()
		if err != nil {
			b.Fatal(err)
		}
		pcm = audiosocket.PCM(pcm[:0], m.Payload)
	}
}
