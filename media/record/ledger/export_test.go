package ledger

import "os"

// BreakDisk lets writes to the chain fail until the func that it returns is called.
func (l *Ledger) BreakDisk() (mend func()) {
	good := l.chain
	bad, err := os.Open(os.DevNull)
	if err != nil {
		return func() {}
	}
	l.chain = bad
	return func() {
		_ = bad.Close()
		l.chain = good
	}
}

// LockFile is the descriptor of the lock.
func (l *Ledger) LockFile() int { return int(l.lock.Fd()) }
