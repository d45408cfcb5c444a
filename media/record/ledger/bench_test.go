package ledger_test

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"rms/media/record/ledger"
)

// BenchmarkAppend1000 enters 1,000 recordings that ended at once, from the 16 goroutines
// that a store has for its disk.
func BenchmarkAppend1000(b *testing.B) {
	s := newStore(b, 0)
	var groups int
	s.must(s.l.Close())
	l, err := ledger.Open(s.root, ledger.Options{Committed: func(ledger.Head) { groups++ }})
	s.must(err)
	defer l.Close()
	run := 0
	for b.Loop() {
		run++
		next := make(chan int)
		var workers sync.WaitGroup
		for range 16 {
			workers.Go(func() {
				for i := range next {
					if err := l.Append(sidecar(fmt.Sprintf("a/%d-%d.wav", run, i), []byte("x"), s.now)); err != nil {
						b.Error(err)
					}
				}
			})
		}
		for i := range 1000 {
			next <- i
		}
		close(next)
		workers.Wait()
	}
	b.ReportMetric(float64(groups)/float64(b.N), "syncs/op")
}

func BenchmarkVerify(b *testing.B) {
	s := newStore(b, 0)
	const files, size = 64, 4 << 20
	text := make([]byte, size)
	for i := range files {
		file := fmt.Sprintf("a/%d.wav", i)
		text[0] = byte(i)
		s.must(os.WriteFile(s.path(file), text, 0o640))
		s.must(s.l.Append(sidecar(file, text, s.now)))
	}
	b.SetBytes(files * size)
	for b.Loop() {
		s.inOrder()
	}
}

// BenchmarkVerifyChain is what the chain itself costs: 10,000 short recordings.
func BenchmarkVerifyChain(b *testing.B) {
	s := newStore(b, 1)
	for range 10_000 / 500 {
		var workers sync.WaitGroup
		for range 16 {
			workers.Go(func() {
				for range 500 / 16 {
					if err := s.l.Access("id", "a/rec-0.wav", "ann", "play", ""); err != nil {
						b.Error(err)
					}
				}
			})
		}
		workers.Wait()
	}
	for b.Loop() {
		s.inOrder()
	}
}
