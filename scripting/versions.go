package scripting

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// versions lists the live versions, the newest first. s.mu is held.
func (s *Scripts) versions() []*version {
	out := []*version{s.current}
	for v := range s.old {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b *version) int { return b.number - a.number })
	return out
}

func (s *Stats) add(o Stats) {
	s.Runs += o.Runs
	s.Failed += o.Failed
	s.Refused += o.Refused
	s.Replaced += o.Replaced
	s.Waiting += o.Waiting
	s.Paused += o.Paused
}

// look is what the files of a script looked like: the time of the last change and the
// size of each.
type look map[string]stamp

type stamp struct {
	changed time.Time
	size    int64
}

// lookAt looks at a script and at other files that it was made of.
func lookAt(file string, others []string) look {
	l := look{}
	if file != "" {
		l.add(file)
	}
	return l.with(others)
}

// with looks at further files; those that are known stay as they were.
func (l look) with(files []string) look {
	for _, f := range files {
		if _, known := l[f]; !known {
			l.add(f)
		}
	}
	return l
}

func (l look) add(file string) {
	l[file] = stamp{size: -1} // it may come into being
	if info, err := os.Stat(file); err == nil {
		l[file] = stamp{info.ModTime(), info.Size()}
	}
}

// again looks at the same files.
func (l look) again() look {
	out := look{}
	for f := range l {
		out.add(f)
	}
	return out
}

// beside adds the files of the script's folder that end as it does: after a reload that
// failed nobody knows which of them it would be made of.
func (l look) beside(file string) look {
	list, err := os.ReadDir(filepath.Dir(file))
	if file == "" || err != nil {
		return l
	}
	for _, f := range list[:min(len(list), 1000)] {
		if f.Type()&fs.ModeType == 0 && strings.EqualFold(filepath.Ext(f.Name()), filepath.Ext(file)) {
			l = l.with([]string{filepath.Join(filepath.Dir(file), f.Name())})
		}
	}
	return l
}

// Watch looks at the files every interval from now on, and reloads the script when they
// have changed and then stayed as they are for one interval. Close ends it.
func (s *Scripts) Watch(interval time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watched || s.closed || s.opts.File == "" {
		return
	}
	s.watched = true
	s.group.Go(func() {
		t := time.NewTicker(interval)
		defer t.Stop()
		var before look
		for {
			select {
			case <-s.quit:
				return
			case <-t.C:
				before = s.poll(before)
			}
		}
	})
}

// poll looks at the files and reloads the script when that is due. It returns what it
// saw when the next look must show the same.
func (s *Scripts) poll(before look) look {
	s.mu.Lock()
	known := s.look
	s.mu.Unlock()
	now := known.again()
	switch {
	case maps.Equal(now, known):
		return nil
	case !maps.Equal(now, before):
		return now
	}
	_ = s.Reload() // it is logged
	return nil
}
