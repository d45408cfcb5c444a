package upload

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// watch ends an attempt that moves no byte for a while, and counts those that move.
type watch struct {
	limit time.Duration
	timer *time.Timer
	sent  *atomic.Int64
}

var errStalled = errors.New("the upload stood still")

// watched returns a context that ends when nothing moves for the limit.
func watched(ctx context.Context, limit time.Duration, sent *atomic.Int64) (context.Context, *watch, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{limit: limit, sent: sent}
	w.timer = time.AfterFunc(limit, func() { cancel(errStalled) })
	return ctx, w, func() {
		w.timer.Stop()
		cancel(nil)
	}
}

func (w *watch) moved(n int) {
	w.timer.Reset(w.limit)
	w.sent.Add(int64(n))
}

// patience gives the far end n times the usual limit, for what it may take long for.
func (w *watch) patience(n int) { w.timer.Reset(time.Duration(n) * w.limit) }

// body is a part of a file that is watched while it is read. It can be rewound.
type body struct {
	*io.SectionReader
	w *watch
}

func (o *object) section(at, n int64) *body {
	return &body{io.NewSectionReader(o.body, at, n), o.watch}
}

// Read is part of io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.SectionReader.Read(p)
	b.w.moved(n)
	return n, err
}
