package upload

import (
	"container/heap"
	"context"
	"sync/atomic"
	"time"
)

// job is a recording in the queue. All but what says otherwise is under the lock of the
// queue.
type job struct {
	entry
	at    time.Time // of the next attempt
	index int       // in due; -1: not there
	busy  bool      // an attempt runs
	again bool      // it was added anew meanwhile
	gone  bool      // it was taken out
	stop  context.CancelFunc
	live  func() int64 // how much of it will not change; nil: it has ended
	sent  atomic.Int64 // of the attempt, bytes; any goroutine

	// Of the attempt that runs.
	sum  *digest   // of the file
	made time.Time // when that was written
}

// due is a heap by the time of the next attempt.
type due []*job

func (h *due) add(j *job, at time.Time) {
	j.at = at
	if j.index >= 0 {
		heap.Fix(h, j.index)
		return
	}
	heap.Push(h, j)
}

func (h *due) take(j *job) {
	if j.index >= 0 {
		heap.Remove(h, j.index)
	}
}

// hurry lets all be tried now.
func (h *due) hurry(now time.Time) {
	for _, j := range *h {
		if j.at.After(now) {
			j.at = now
		}
	}
	heap.Init(h)
}

func (h due) Len() int           { return len(h) }
func (h due) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h due) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is part of heap.Interface.
func (h *due) Push(x any) {
	j, _ := x.(*job)
	j.index = len(*h)
	*h = append(*h, j)
}

// Pop is part of heap.Interface.
func (h *due) Pop() any {
	n := len(*h) - 1
	j := (*h)[n]
	(*h)[n] = nil
	*h = (*h)[:n]
	j.index = -1
	return j
}
