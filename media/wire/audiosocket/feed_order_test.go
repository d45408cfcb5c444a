package audiosocket

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// slowSilence is a connection on which silence waits right before it is written.
type slowSilence struct {
	net.Conn
	begun, release chan struct{}
	once           sync.Once

	mu   sync.Mutex
	sent []byte // the kinds of the messages
}

func (c *slowSilence) Write(b []byte) (int, error) {
	if bytes.Equal(b, silence) {
		c.once.Do(func() { close(c.begun) })
		<-c.release
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, b[0])
	return len(b), nil
}

// Asterisk drops a call whose audio changes its kind, and one that goes on after a goodbye.
func TestServerFeedsNoSilenceBehindAudioOrGoodbye(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]func(*Peer) error{
		"audio":   func(p *Peer) error { return p.Write(make([]int16, 320), 16000) },
		"goodbye": func(p *Peer) error { return p.Hangup() },
	} {
		near, far := net.Pipe()
		c := &slowSilence{Conn: near, begun: make(chan struct{}), release: make(chan struct{})}
		p := newPeer(&Server{}, c)
		p.startFeed()
		<-c.begun
		said := make(chan error, 1)
		go func() { said <- says(p) }()
		select { // time to go wrong; right takes as long as the silence
		case <-said:
			t.Errorf("%s did not wait for the silence that was under way", name)
			close(c.release)
		case <-time.After(100 * time.Millisecond):
			close(c.release)
			if err := <-said; err != nil {
				t.Error(name, err)
			}
		}
		p.endFeed()
		_ = far.Close()
		if n := len(c.sent); n != 2 || c.sent[0] != silence[0] {
			t.Errorf("%s: kinds %x were sent, want silence first", name, c.sent)
		}
	}
}
