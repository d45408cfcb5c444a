package record

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Sync is part of FS. One syncfs for all recordings: with 1,000 files it costs a twentieth
// of a fdatasync each, for the file system's journal is written once, and it also brings
// the names of new files to the disk.
func (d *Dir) Sync() error {
	if err := unix.Syncfs(int(d.self.Fd())); err != nil {
		return fmt.Errorf("sync the recordings: %w", err)
	}
	return nil
}

// Free is part of FS.
func (d *Dir) Free() (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Fstatfs(int(d.self.Fd()), &s); err != nil {
		return 0, fmt.Errorf("ask for the free space: %w", err)
	}
	return s.Bavail * uint64(s.Bsize), nil //nolint:gosec // the size of a block is positive
}

// Sync is part of File: the samples and the length, not the times.
func (f diskFile) Sync() error { return unix.Fdatasync(int(f.Fd())) }

// bootID names this start of the machine: what was written since is in the page cache.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// monotonic is the time since the machine's start, ns.
func monotonic() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return 0
	}
	return t.Nano()
}
