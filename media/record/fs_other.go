//go:build !linux

package record

import "math"

// Sync is part of FS. Without syncfs recordings are synced when they end.
func (d *Dir) Sync() error { return nil }

// Free is part of FS; it is not known here.
func (d *Dir) Free() (uint64, error) { return math.MaxUint64, nil }

func bootID() string { return "" }

func monotonic() int64 { return 0 }
