package timeline

import "sync"

// work is what one Take needs meanwhile. It belongs to nobody in between, so that
// lines which wait hold no audio.
type work struct {
	sink   Sink
	least  int64 // position before which nothing is placed
	in     []int16
	smooth []float32 // in, when it is interpolated
	out    []int16   // goes to position at
	at     int64
	bytes  []byte
}

// workRun is how many samples go to the sink at once, about.
const workRun = 4096

var works = sync.Pool{New: func() any {
	return &work{in: make([]int16, 0, 2048), out: make([]int16, 0, workRun+2048)}
}}

// place collects audio that goes to position at.
func (w *work) place(at int64, pcm []int16) {
	if len(w.out) > 0 && (at != w.at+int64(len(w.out)) || len(w.out) >= workRun) {
		w.flush()
	}
	if len(w.out) == 0 {
		w.at = at
	}
	w.out = append(w.out, pcm...)
}

// one is place for one sample.
func (w *work) one(at int64, sample int16) {
	if n := len(w.out); n > 0 && n < workRun && at == w.at+int64(n) {
		w.out = append(w.out, sample)
		return
	}
	pcm := [1]int16{sample}
	w.place(at, pcm[:])
}

// flush gives the sink what was collected, but for what lies before least.
func (w *work) flush() {
	pcm := w.out
	if cut := w.least - w.at; cut > 0 {
		pcm = pcm[min(cut, int64(len(pcm))):]
		w.at = w.least
	}
	if len(pcm) > 0 {
		w.sink.Place(w.at, pcm)
	}
	w.out = w.out[:0]
}

// silence blanks a stretch.
func (w *work) silence(from, to int64) {
	w.flush()
	from = max(from, w.least)
	for from < to {
		n := min(to-from, workRun)
		w.at = from
		w.out = w.out[:n]
		clear(w.out)
		w.flush()
		from += n
	}
}
