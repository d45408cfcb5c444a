package upload

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
)

// inParts lets an object go in parts, and notes those that have arrived.
func (q *Queue) inParts(j *job, o *object) {
	o.multi = q.multiOf(j)
	o.save = func(m *multi) error {
		if m != nil {
			m = m.clone()
		}
		q.mu.Lock()
		if j.Item.File == o.name { // also when it has ended meanwhile
			j.Multi = m
		}
		q.mu.Unlock()
		return q.save(j)
	}
}

func (m *multi) clone() *multi {
	c := *m
	c.Parts = append([]part(nil), m.Parts...)
	return &c
}

// multiOf is a copy of the multipart upload that has begun; nil when there is none that
// can be gone on with.
func (q *Queue) multiOf(j *job) *multi {
	q.mu.Lock()
	defer q.mu.Unlock()
	if j.Multi == nil {
		return nil
	}
	return j.Multi.clone()
}

// partSize is how large the parts of a recording are.
func (q *Queue) partSize(j *job) int64 {
	if j.Multi != nil {
		return j.Multi.PartSize
	}
	return q.opts.PartSize
}

// partSizeFor is partSize for a recording of a known size: there are at most 10000
// parts, and those of a large recording are larger.
func (q *Queue) partSizeFor(j *job, size int64) int64 {
	if _, ok := q.carrier.(parter); !ok {
		return 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.partSize(j)
	if j.Multi != nil && size <= n*maxParts {
		return n
	}
	j.Multi = nil // its parts were too small; the storage's own rule cleans them up
	for n = q.opts.PartSize; size > n*1000; n *= 2 {
	}
	return n
}

// nextPart is the number of the next part of a recording that is being made: the second
// one comes first. 0: there are enough. The lock is held.
func (q *Queue) nextPart(j *job) int {
	n := 2
	if j.Multi != nil && len(j.Multi.Parts) > 0 {
		n = j.Multi.Parts[len(j.Multi.Parts)-1].Number + 1
	}
	if n >= maxParts {
		return 0
	}
	return n
}

// deliverPart delivers the next part of a recording that is being made.
func (q *Queue) deliverPart(ctx context.Context, j *job) error {
	ctx, w, done := watched(ctx, q.opts.Stall, &j.sent)
	defer done()
	p, _ := q.carrier.(parter)
	q.mu.Lock()
	name, number, size := j.Item.File, q.nextPart(j), q.partSize(j)
	q.mu.Unlock()
	f, _, err := q.open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, 64<<10)
	hash := sha256.New()
	section := io.NewSectionReader(f, int64(number-1)*size, size)
	if n, err := io.CopyBuffer(struct{ io.Writer }{hash}, struct{ io.Reader }{section}, buf); err != nil || n < size {
		return fmt.Errorf("read the recording: %w", io.ErrUnexpectedEOF)
	}
	sum := &digest{size: int64(number) * size, part: size, parts: make([][sha256.Size]byte, number)}
	sum.parts[number-1] = [sha256.Size]byte(hash.Sum(nil))
	o := &object{id: j.Item.ID, name: name, body: f, size: sum.size, sum: sum, watch: w}
	q.inParts(j, o)
	return p.part(ctx, o, number)
}
