package top

import (
	"context"
	"net/url"
	"os"
	"sync"
	"time"

	"rms/cmd/rms/ctl"
)

// Options say how the table is shown.
type Options struct {
	Client *ctl.Client
	Every  time.Duration // between two looks at the server
	ASCII  bool
	Color  bool
}

// Screen is what Run shows frames on. A Terminal is one.
type Screen interface {
	Write(p []byte) (int, error)
	Size() (width, height int)
	Listen() <-chan Key
}

// Run shows the table on a terminal until q is pressed or ctx ends.
func Run(ctx context.Context, o Options, out *os.File) error {
	t, err := OpenTerminal(out)
	if err != nil {
		return err
	}
	defer t.Close()
	size, stop := resized()
	defer stop()
	v := &view{o: o, screen: t, model: NewModel(o.Client.Place()), resize: size}
	v.suspend = func() error {
		t.cooked()
		suspend()
		return t.raw()
	}
	return v.run(ctx)
}

// view is a table that is shown.
type view struct {
	o       Options
	screen  Screen
	model   *Model
	paint   painter
	resize  <-chan os.Signal
	suspend func() error

	wanted  chan string // asks the fetcher, with the id of the details
	samples chan Sample
	hangups chan string // what became of them
	busy    bool        // the fetcher
	again   bool        // ask once more when it is free
	work    sync.WaitGroup
}

// run draws and asks until q or the end of ctx. All it starts is over when it returns.
func (v *view) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	v.model.ASCII = v.o.ASCII
	v.paint = painter{out: v.screen, color: v.o.Color}
	v.wanted, v.samples, v.hangups = make(chan string, 1), make(chan Sample, 1), make(chan string, 1)
	v.work.Go(func() { v.fetcher(ctx) })
	defer v.work.Wait()
	defer cancel()
	keys := v.screen.Listen()
	tick := time.NewTicker(v.o.Every)
	defer tick.Stop()
	v.ask()
	for {
		if err := v.draw(); err != nil {
			return nil //nolint:nilerr // the terminal is gone
		}
		select {
		case k, ok := <-keys:
			if !ok {
				return nil
			}
			if quit, err := v.press(ctx, k); quit || err != nil {
				return err
			}
		case s := <-v.samples:
			v.busy = false
			v.model.Take(s)
			if v.again {
				v.ask()
			}
		case <-tick.C:
			v.ask()
		case text := <-v.hangups:
			v.model.Say(text)
			v.ask()
		case <-v.resize:
			v.paint.clear()
		case <-ctx.Done():
			return nil
		}
	}
}

func (v *view) draw() error {
	width, height := v.screen.Size()
	return v.paint.paint(Render(v.model, width, height), width)
}

// ask has the server asked, once at a time.
func (v *view) ask() {
	if v.busy {
		v.again = true
		return
	}
	v.busy, v.again = true, false
	v.wanted <- v.model.Detail()
}

// fetcher asks the server: a slow one does not hold up the keys.
func (v *view) fetcher(ctx context.Context) {
	for {
		select {
		case id := <-v.wanted:
			v.samples <- fetch(ctx, v.o.Client, id)
		case <-ctx.Done():
			return
		}
	}
}

// press does what a key asks for.
func (v *view) press(ctx context.Context, k Key) (quit bool, err error) {
	a := v.model.Press(k)
	switch {
	case a.Quit:
		return true, nil
	case a.Suspend && v.suspend != nil:
		v.paint.clear()
		return false, v.suspend()
	case a.Hangup != "":
		v.work.Go(func() { v.hangUp(ctx, a.Hangup) })
	}
	if a.Redraw {
		v.paint.clear()
	}
	if a.Fetch {
		v.ask()
	}
	return false, nil
}

// hangUp ends a call.
func (v *view) hangUp(ctx context.Context, id string) {
	text := "call " + short(id) + " is hung up"
	if err := v.o.Client.Post(ctx, "/v1/calls/"+url.PathEscape(id)+"/hangup", nil, nil); err != nil {
		text = "call " + short(id) + " is not hung up: " + err.Error()
	}
	select {
	case v.hangups <- text:
	case <-ctx.Done():
	}
}
