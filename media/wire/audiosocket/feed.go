package audiosocket

import "time"

// feedTick is the length of a message of the silence feed.
const feedTick = 20 * time.Millisecond

// silence is 20 ms at 8000 Hz, which every peer understands.
var silence = AppendAudio(nil, Slin8, make([]int16, 160))

// startFeed sends silence from now on until Take. Asterisk polls for the beginning of
// a message and forwards no audio meanwhile, and gives up after 2 s.
func (p *Peer) startFeed() {
	p.fed.Add(1)
	go func() {
		defer p.fed.Done()
		p.feed()
	}()
}

// endFeed waits for the goroutine of the feed.
func (p *Peer) endFeed() {
	p.Close()
	p.fed.Wait()
}

// Take ends the silence that the peer hears, but for a message that is under way; whoever
// calls it sends audio every 20 ms from now on. It may come twice.
func (p *Peer) Take() { p.take.Do(func() { close(p.taken) }) }

// feed keeps to absolute deadlines. What it is late for by more than a message it does
// not send at all: the peer plays without a buffer, so a burst would be heard.
func (p *Peer) feed() {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-p.taken:
			return
		case <-timer.C:
		}
		select {
		case <-p.taken: // both were ready
			return
		default:
		}
		if p.send(silence) != nil {
			return
		}
		next = next.Add(feedTick)
		if late := time.Since(next); late > 0 {
			next = next.Add(late / feedTick * feedTick)
		}
		timer.Reset(time.Until(next))
	}
}
