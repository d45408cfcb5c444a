package filter

// Held returns how many blocks of storage the queue holds.
func (p *Playout) Held() int64 { return p.store.held.Load() }

// PlayBlockSize is how many samples a block of a Playout holds.
const PlayBlockSize = playBlockSize
