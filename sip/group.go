package sip

import (
	"slices"
	"strings"
	"sync"
)

// group is all there is of one Call-ID, except answered transactions. It goes
// when nothing is left of it.
type group struct {
	w       *worker
	id      string
	dialogs []*Dialog
	invites []*serverTx // INVITEs that began a dialog, for merged requests
	clients []*clientTx
}

func (w *worker) group(callID string) *group {
	g := w.groups[callID]
	if g == nil {
		g = &group{w: w, id: strings.Clone(callID)}
		w.groups[g.id] = g
		w.known.add(g.id)
	}
	return g
}

// tidy removes the group when it is empty.
func (g *group) tidy() {
	if len(g.dialogs)+len(g.invites)+len(g.clients) == 0 && g.w.groups[g.id] == g {
		delete(g.w.groups, g.id)
		g.w.known.remove(g.id)
	}
}

// forgetAnswers drops the 2xx that are ACKed: an INVITE that comes again behind its
// ACK is late and gets no answer.
func (g *group) forgetAnswers() {
	for _, t := range g.invites {
		if t.state == txAccepted && !g.owesAck(t.cseq) {
			t.last = nil
		}
	}
}

func (g *group) owesAck(cseq uint32) bool {
	for _, d := range g.dialogs {
		if d.accepted != nil && d.accepted.cseq == cseq {
			return true
		}
	}
	return false
}

// dialog finds the dialog of exactly these tags.
func (g *group) dialog(local, remote string) *Dialog {
	if g == nil {
		return nil
	}
	for _, d := range g.dialogs {
		if d.localTag == local && d.remoteTag == remote {
			return d
		}
	}
	return nil
}

// client finds the transaction that a response is for.
func (g *group) client(branch, method string) *clientTx {
	if g == nil {
		return nil
	}
	for _, t := range g.clients {
		if t.branch == branch && t.method == method {
			return t
		}
	}
	return nil
}

// without removes one element and clears the place behind the last one.
func without[T comparable](list []T, e T) []T {
	if i := slices.Index(list, e); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// knownIDs are the Call-IDs that admission need not count again.
type knownIDs struct {
	mu  sync.RWMutex
	ids map[string]struct{}
}

func (k *knownIDs) add(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ids[id] = struct{}{}
}

func (k *knownIDs) remove(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.ids, id)
}

func (k *knownIDs) has(id []byte) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	_, ok := k.ids[string(id)]
	return ok
}
