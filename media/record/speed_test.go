package record_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-audio/audio"
	goaudio "github.com/go-audio/wav"

	"rms/media/record"
	"rms/media/timeline"
)

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the memory of this process in RAM, bytes; 0 where it cannot be told.
func resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// BenchmarkThousandStereoRecordings gives 1,000 recordings two-way PCMU for some seconds of
// the clock on the wall, and tells what one costs: mcore is a thousandth of a processor.
func BenchmarkThousandStereoRecordings(b *testing.B) {
	const count = 1000
	root := b.TempDir()
	s, err := record.Open(record.Options{Root: root})
	if err != nil {
		b.Fatal(err)
	}
	codec := pcmu(b)
	runtime.GC()
	debug.FreeOSMemory()
	before := resident()
	var all []*record.Recording
	for i := range count {
		r, err := s.Start(record.Spec{File: fmt.Sprintf("%d.wav", i)})
		if err != nil {
			b.Fatal(err)
		}
		for side := range 2 {
			r.Line(side, side == 1, 0)
			r.SetCodec(side, 0, codec)
		}
		all = append(all, r)
	}
	for _, r := range all {
		for r.State() == record.Opening {
			time.Sleep(time.Millisecond)
		}
	}
	var frames [2]*timeline.Packet
	for i, side := range sides {
		frames[i] = side.packet(0, 0)
	}
	var used time.Duration
	var length time.Duration
	n := 0
	for b.Loop() {
		cpu, begin := cpuTime(), time.Now()
		for range 250 {
			at := time.Duration(n) * tick
			for i, r := range all {
				if i%100 == 99 { // the phases of a clock
					time.Sleep(time.Until(begin.Add(at%(5*time.Second) + time.Duration(i/100)*2*time.Millisecond)))
				}
				for side, p := range frames {
					p.Timestamp, p.Sequence, p.Arrival = uint32(160*n), uint16(n), at
					r.Packet(side, p)
				}
				r.Tick(at + tick)
			}
			n++
		}
		used += cpuTime() - cpu
		length += time.Since(begin)
	}
	gaps := s.Stats().Gaps
	memory := resident() - before
	b.ReportMetric(float64(used)/float64(length)*1000/count, "mcore/recording")
	b.ReportMetric(float64(memory)/1000/count, "kB/recording")
	b.ReportMetric(float64(gaps), "gaps")
	if name := os.Getenv("RMS_HEAP"); name != "" {
		runtime.GC()
		f, _ := os.Create(name)
		_ = pprof.Lookup("heap").WriteTo(f, 0)
		_ = f.Close()
	}
	var heap runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&heap)
	b.ReportMetric(float64(heap.HeapAlloc)/1000/count, "live-kB/recording")
	b.Logf("HeapSys-Released %d Inuse %d Idle %d Stack %d GCSys %d Other %d NextGC %d", heap.HeapSys-heap.HeapReleased, heap.HeapInuse, heap.HeapIdle, heap.StackSys, heap.GCSys, heap.OtherSys, heap.NextGC)
	begin := time.Now()
	for _, r := range all {
		r.Stop(r.Position(), "")
	}
	if err := s.Close(b.Context()); err != nil {
		b.Error(err)
	}
	b.ReportMetric(time.Since(begin).Seconds(), "s/stop-all")
	b.Logf("%d syncs, the last took %v", s.Stats().Syncs, s.Stats().SyncTime)
}

// BenchmarkThousandIdleByGoAudio is the memory that another library needs for as many
// files with one frame in each.
func BenchmarkThousandIdleByGoAudio(b *testing.B) {
	const count = 1000
	dir := b.TempDir()
	runtime.GC()
	debug.FreeOSMemory()
	before := resident()
	var all []*goaudio.Encoder
	for b.Loop() {
		for i := len(all); i < count; i++ {
			f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = f.Close() })
			e := goaudio.NewEncoder(f, 8000, 16, 2, 1)
			frame := &audio.IntBuffer{Format: &audio.Format{NumChannels: 2, SampleRate: 8000}, Data: make([]int, 320), SourceBitDepth: 16}
			if err := e.Write(frame); err != nil {
				b.Fatal(err)
			}
			all = append(all, e)
		}
	}
	b.ReportMetric(float64(resident()-before)/1000/count, "kB/recording")
	runtime.KeepAlive(all)
}
