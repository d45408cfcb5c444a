package call

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"rms/call/prompt"
	"rms/media"
)

// loaders is how many files are opened and decoded at the same time; loaderQueue
// how many may wait for that. A play beyond it fails with a reason.
const (
	loaders     = 8
	loaderQueue = 1024
)

var errLoaderBusy = errors.New("too many prompts wait for the disk")

// loader fetches sounds in goroutines of its own, because a disk may be slow and a
// call never waits.
type loader struct {
	cache      *prompt.Cache
	recordings *prompt.Cache // nil: there are none to be played

	jobs chan func()
	wait sync.WaitGroup
	once sync.Once // of close
}

func newLoader(o *Options) *loader {
	l := &loader{cache: o.Prompts, recordings: newRecorded(o), jobs: make(chan func(), loaderQueue)}
	for range loaders {
		l.wait.Add(1)
		go func() {
			defer l.wait.Done()
			for job := range l.jobs {
				job()
			}
		}()
	}
	return l
}

// get fetches a sound for a codec and hands it, or the reason why not, to done.
func (l *loader) get(p *playing, cd media.Codec, done func(*sound, error)) error {
	from := p.from
	job := func() {
		if p.over.Load() {
			return // it was stopped while it waited, and nobody asks for it
		}
		done(l.try(p, cd, from))
	}
	select {
	case l.jobs <- job:
		return nil
	default:
		return errLoaderBusy
	}
}

// try is fetch; a panic costs the play and not the server.
func (l *loader) try(p *playing, cd media.Codec, from time.Duration) (s *sound, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("%q could not be read: %v", p.file, r)
		}
	}()
	return l.fetch(p.file, cd, p.loop, from)
}

// close waits for the goroutines; get must not be called any more.
func (l *loader) close() {
	l.once.Do(func() { close(l.jobs) })
	l.wait.Wait()
}
