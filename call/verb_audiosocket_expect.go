package call

import (
	"errors"
	"sync"
	"time"

	"rms/media/wire/audiosocket"
)

func init() {
	Register(&Verb{
		Name:   "audiosocket_expect",
		Doc:    "Announces a call that Asterisk will place by AudioSocket, for a server with audiosocket.accept=registered.",
		Result: "true",
		NoCall: true,
		Params: []Param{
			{Name: "uuid", Kind: String, Required: true, Doc: "that the call comes with"},
			{Name: "ttl", Kind: Duration, Default: time.Minute, Min: 1, Max: 86400, Doc: "how long it is expected"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			id, err := audiosocket.ParseID(a.String("uuid"))
			if err != nil {
				return nil, err
			}
			return nil, x.manager.expected.add(audiosocket.FormatID(id), a.Duration("ttl"), time.Now())
		},
	})
}

// maxExpected bounds the calls that are announced and have not come.
const maxExpected = 10000

// expectations are the calls by AudioSocket that were announced.
type expectations struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (e *expectations) add(id string, ttl time.Duration, now time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.until == nil {
		e.until = make(map[string]time.Time)
	}
	if len(e.until) >= maxExpected {
		for id, t := range e.until {
			if now.After(t) {
				delete(e.until, id)
			}
		}
	}
	if len(e.until) >= maxExpected {
		return errors.New("too many calls are expected, at most 10000")
	}
	e.until[id] = now.Add(ttl)
	return nil
}

// take tells whether a call was announced; it may come once.
func (e *expectations) take(id string, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	t, ok := e.until[id]
	delete(e.until, id)
	return ok && !now.After(t)
}

// ErrNotExpected says that a call by AudioSocket was not announced.
var ErrNotExpected = errors.New("the UUID was not announced (audiosocket.accept=registered)")

// Expected takes a call by AudioSocket that was announced, once.
func (m *Manager) Expected(id string) error {
	if !m.expected.take(id, time.Now()) {
		return ErrNotExpected
	}
	return nil
}
