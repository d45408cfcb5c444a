package target

import (
	"sync"
	"testing"
)

func TestTurnIsOnePersonsAtATimeAndEverybodyGetsOne(t *testing.T) {
	t.Parallel()
	var one turn
	one.init()
	var wait sync.WaitGroup
	n := 0
	for range 8 {
		wait.Go(func() {
			for range 2000 {
				if !one.take(nil, nil) {
					t.Error("no turn")
					return
				}
				n++ // the race detector looks
				one.release()
			}
		})
	}
	wait.Wait()
	if n != 8*2000 {
		t.Errorf("%d turns of %d", n, 8*2000)
	}
}

func TestTurnIsNotWaitedForWhenItIsOver(t *testing.T) {
	t.Parallel()
	var one turn
	one.init()
	over, never := make(chan struct{}), make(chan struct{})
	close(over)
	if !one.try() || one.try() {
		t.Fatal("a turn is one")
	}
	if one.take(over, never) || one.take(never, over) {
		t.Error("a turn that somebody has")
	}
	got := make(chan bool, 2)
	for range 2 {
		go func() { got <- one.take(never, nil) }()
	}
	for range 2 {
		one.release()
		if !<-got {
			t.Error("no turn")
		}
	}
	if one.try() {
		t.Error("the last one still has it")
	}
}
