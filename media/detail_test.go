package media_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"rms/media"
)

// drain is a sink that says what it is.
type drain struct{}

func (drain) Write(*media.Frame) error { return nil }
func (drain) Close() error             { return nil }
func (drain) Detail() string           { return "to \"far\" away" }

func TestDotSaysHowFullARingIs(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	pin := must[media.Pin](t)
	link, err := g.Spawn(pin(g.Add(newCounter(), 1)), drain{}, media.LinkOptions{Name: "drain", Size: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := g.Dot(&b); err != nil || !strings.Contains(b.String(), `[label="drain\nring 0 of 2000 ms\nto \"far\" away"];`) {
		t.Errorf("%v\n%s", err, b.String())
	}
	if err := link.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
}
