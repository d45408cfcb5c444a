package call

import (
	"errors"
	"sync"
)

// maxSocketKeys bounds the messages that wait while a peer does not read.
const maxSocketKeys = 64

var errSocketKeys = errors.New("too many keys wait to be sent to the peer, at most 64 messages")

// socketKeys sends what is not audio to a peer of AudioSocket, in order, on a
// goroutine that lives while there is something to send: a write waits for a peer that
// does not read, and a call must not.
type socketKeys struct {
	manager *Manager

	turn sync.Mutex // who holds it sends
	mu   sync.Mutex
	list []func() error
	busy bool
}

// put queues one message.
func (k *socketKeys) put(send func() error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.list) >= maxSocketKeys {
		return errSocketKeys
	}
	k.list = append(k.list, send)
	if !k.busy {
		k.busy = true
		k.manager.spawn(k.drain)
	}
	return nil
}

// drain sends what waits.
func (k *socketKeys) drain() {
	k.turn.Lock()
	defer k.turn.Unlock()
	for {
		k.mu.Lock()
		if len(k.list) == 0 {
			k.list, k.busy = nil, false
			k.mu.Unlock()
			return
		}
		send := k.list[0]
		k.list = k.list[1:]
		k.mu.Unlock()
		_ = send() // whoever reads learns of a connection that broke
	}
}
