package call

import (
	"errors"
	"sync"
)

// Limits of call variables.
const (
	maxVars     = 256
	maxVarBytes = 64 << 10
)

// vars are the variables of one call. Scripts keep the state of a call here and
// not in globals, because a route may run on any worker.
type vars struct {
	mu     sync.RWMutex
	values map[string]any
	bytes  int
}

func (v *vars) get(name string) (any, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	val, ok := v.values[name]
	return val, ok
}

// set stores a value; nil removes the variable.
func (v *vars) set(name string, val any) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	old, had := v.values[name]
	if val == nil {
		if had {
			delete(v.values, name)
			v.bytes -= len(name) + sizeOf(old)
		}
		return nil
	}
	bytes := v.bytes + len(name) + sizeOf(val)
	if had {
		bytes -= len(name) + sizeOf(old)
	}
	if bytes > maxVarBytes {
		return errors.New("the variables of a call may hold 64 KiB together")
	}
	if !had && len(v.values) >= maxVars {
		return errors.New("a call may have 256 variables")
	}
	if v.values == nil {
		v.values = make(map[string]any)
	}
	v.values[name], v.bytes = val, bytes
	return nil
}

func sizeOf(val any) int {
	switch t := val.(type) {
	case string:
		return len(t)
	case map[string]any:
		n := 0
		for k, e := range t {
			n += len(k) + sizeOf(e)
		}
		return n
	case []any:
		n := 0
		for _, e := range t {
			n += sizeOf(e)
		}
		return n
	}
	return 8
}
