package scripting

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
)

var _ call.Pinner = (*Scripts)(nil)

// maxVersions is how many older versions may live at one time: each has interpreters of
// its own.
const maxVersions = 100

// Scripts is a script that can be loaded again while calls run: a call keeps the
// version that it began with, and a version is closed when its last call has ended.
// Its methods may be used from any goroutine.
//
//	s, err := scripting.Open(scripting.Options{File: "ivr.lua", Log: log})
//	manager := call.NewManager(call.Options{Router: s, ...})
//	err = s.Reload() // on error the version before goes on
//	defer s.Close()
type Scripts struct {
	opts Options
	log  zerolog.Logger

	loading sync.Mutex // held by the one Reload that runs

	mu      sync.Mutex
	current *version
	old     map[*version]bool // that calls still use
	closed  bool
	group   sync.WaitGroup // versions that are being closed, the watcher
	quit    chan struct{}
	watched bool

	number int   // of the newest version
	broken int   // reloads that failed
	failed error // the last of them, nil after a reload that worked
	look   look  // at the files, before the last try
	past   Stats // of versions that are closed
}

// version is one state of the script's files.
type version struct {
	*Engine
	number int
	loaded time.Time
	calls  int // that hold it
}

// VersionStats tell what one version of the script does.
type VersionStats struct {
	Number int       `json:"number"` // 1 is what the server began with
	Loaded time.Time `json:"loaded"`
	Calls  int       `json:"calls"` // calls and requests that hold it
	Paused int       `json:"paused"`
}

// ScriptsStats tell what was loaded and what it did.
type ScriptsStats struct {
	Stats                    // of all versions together
	File      string         // "default.lua" for the embedded one
	Version   int            // of the version that new calls get
	Broken    int            // reloads that failed
	LastError string         // of the last reload, "" when it worked
	Versions  []VersionStats // the newest first
}

// Open checks and loads a script.
func Open(o Options) (*Scripts, error) {
	s := &Scripts{opts: o, log: o.Log, old: map[*version]bool{}, quit: make(chan struct{})}
	look := lookAt(o.File, nil)
	e, err := checked(o)
	if err != nil {
		return nil, err
	}
	s.number, s.look = 1, look.with(e.Files())
	s.current = &version{Engine: e, number: 1, loaded: time.Now()}
	return s, nil
}

// checked loads a script in which Check finds nothing.
func checked(o Options) (*Engine, error) {
	src, err := open(o.File)
	if err != nil {
		return nil, err
	}
	if problems := src.check(); len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return load(src, o)
}

// Reload reads the script again. New calls get it when it can be loaded and Check finds
// nothing in it; otherwise nothing changes and the error says where and why. Both is
// logged.
func (s *Scripts) Reload() error {
	s.loading.Lock()
	defer s.loading.Unlock()
	s.mu.Lock()
	now, closed, many := s.current, s.closed, len(s.old) >= maxVersions
	s.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case many:
		return fmt.Errorf("the script was not reloaded: calls still use %d older versions of it", maxVersions)
	}
	look := lookAt(s.opts.File, now.Files())
	e, err := checked(s.opts)
	if err != nil {
		s.keep(look, err)
		s.log.Error().Err(err).Str("script", now.Name()).Int("version", now.number).Msg("script not reloaded, the version before goes on")
		return fmt.Errorf("the script was not reloaded, version %d goes on: %w", now.number, err)
	}
	return s.put(e, look.with(e.Files()))
}

// keep notes a reload that failed.
func (s *Scripts) keep(look look, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look, s.failed = look.beside(s.opts.File), err
	s.broken++
}

// put makes a loaded script the version for new calls.
func (s *Scripts) put(e *Engine, look look) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		e.Close()
		return ErrClosed
	}
	before := s.current
	s.number++
	s.current = &version{Engine: e, number: s.number, loaded: time.Now()}
	s.look, s.failed = look, nil
	if before.calls > 0 {
		s.old[before] = true
	} else {
		s.end(before)
	}
	s.log.Info().Str("script", e.Name()).Int("version", s.number).Int("routes", len(e.routes)).
		Int("calls_on_older", s.onOlder()).Msg("script reloaded")
	return nil
}

func (s *Scripts) onOlder() (calls int) {
	for v := range s.old {
		calls += v.calls
	}
	return calls
}

// end closes a version that nobody holds. s.mu is held.
func (s *Scripts) end(v *version) {
	delete(s.old, v)
	s.group.Go(func() {
		v.Close()
		s.mu.Lock()
		s.past.add(v.Stats())
		s.mu.Unlock()
	})
}

// Pin returns the newest version for one call; see call.Pinner.
func (s *Scripts) Pin(key string) (call.Router, func()) {
	v := s.hold()
	return v, func() {
		if key != "" {
			v.Forget(key)
		}
		s.release(v)
	}
}

func (s *Scripts) hold() *version {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current.calls++
	return s.current
}

func (s *Scripts) release(v *version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.calls--; v.calls == 0 && s.old[v] && !s.closed {
		s.end(v)
	}
}

// Has reports whether the newest version has a route of that name.
func (s *Scripts) Has(route string) bool { return s.newest().Has(route) }

// Run queues one run of a route of the newest version.
func (s *Scripts) Run(x *call.Exec, route string, done func(error)) error {
	v := s.hold()
	err := v.Run(x, route, func(err error) {
		s.release(v)
		done(err)
	})
	if err != nil {
		s.release(v)
	}
	return err
}

func (s *Scripts) newest() *version {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// Name returns the name of the script file, "default.lua" for the embedded one.
func (s *Scripts) Name() string { return s.newest().Name() }

// Version returns the number of the version that new calls get; the first is 1.
func (s *Scripts) Version() int { return s.newest().number }

// Stats returns the counters.
func (s *Scripts) Stats() ScriptsStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := ScriptsStats{Stats: s.past, File: s.current.Name(), Version: s.number, Broken: s.broken}
	if s.failed != nil {
		out.LastError = s.failed.Error()
	}
	for _, v := range s.versions() {
		stats := v.Stats()
		out.add(stats)
		out.Versions = append(out.Versions, VersionStats{v.number, v.loaded, v.calls, stats.Paused})
	}
	return out
}

// Close ends all versions and the watcher. Close the calls first.
func (s *Scripts) Close() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	list := s.versions()
	s.mu.Unlock()
	if first {
		close(s.quit)
	}
	for _, v := range list {
		v.Close()
	}
	s.group.Wait()
}
