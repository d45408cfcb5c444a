package ledger

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// takeLock makes sure that one process writes: who verifies takes the lock for a moment to
// see whether a server runs, so it is asked for again for a while.
func takeLock(root *os.Root, wait time.Duration) (*os.File, error) {
	f, err := openLock(root)
	if err != nil {
		return nil, err
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	over := time.NewTimer(wait)
	defer over.Stop()
	for {
		if err = flock(f); err == nil {
			return f, nil
		}
		if !errors.Is(err, ErrLocked) {
			break
		}
		select {
		case <-again.C:
			continue
		case <-over.C:
		}
		break
	}
	_ = f.Close()
	if errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf("%w: two servers never share a folder, give each its own record.root", ErrLocked)
	}
	return nil, fmt.Errorf("lock %s: %w", lockFile, err)
}

func openLock(root *os.Root) (*os.File, error) {
	if info, err := root.Lstat(lockFile); err == nil && !info.Mode().IsRegular() {
		return nil, &notRegular{name: lockFile, mode: info.Mode()}
	}
	return root.OpenFile(lockFile, os.O_RDWR|os.O_CREATE, 0o640)
}

// inUse says whether a server has the books open.
func inUse(root *os.Root) bool {
	f, _, err := openRegular(root, lockFile)
	if err != nil {
		return false
	}
	defer unlock(f)
	return errors.Is(flockShared(f), ErrLocked)
}

// unlock gives a lock back and closes its file. Closing alone would leave it to a program
// that is just being started: until that is another one, it has our files too.
func unlock(f *os.File) error { return errors.Join(letGo(f), f.Close()) }
