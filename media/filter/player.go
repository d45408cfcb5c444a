package filter

import (
	"errors"
	"sync/atomic"
	"time"

	"rms/media"
)

// Forever is the PlayerOptions.Loop of a prompt that plays until it is stopped.
const Forever = -1

// Reasons that a Player's Ended is called with.
const (
	// PlayerDone: the last sample went out.
	PlayerDone = "done"
	// PlayerStopped: Stop was called.
	PlayerStopped = "stopped"
)

// PlayerOptions say how a prompt is played.
type PlayerOptions struct {
	// Loop is how often it plays, without a gap between; 0 is once.
	Loop int
	// From is where the first pass begins.
	From time.Duration
	// Encoded begins with the prompt's payload instead of its PCM.
	Encoded bool
	// Decoder makes PCM of the payload when the prompt has no PCM of its own.
	Decoder media.Decoder
	// Ended is called once, with a reason, on the tick that carries the last sample,
	// so that what plays next can follow without a gap. It runs on the clock's thread
	// and must not block.
	Ended func(reason string)
}

// Player plays a Prompt. Encoded, a tick is a slice of the shared payload that an
// Encoder of the same codec passes through; else it is PCM for whatever mixes or
// changes it. The mode may change between any two ticks.
type Player struct {
	prompt *Prompt
	o      PlayerOptions
	clock  int // rate of the payload's clock in Hz
	rate   int // bytes of payload per second

	pos    int // next sample of this pass
	length int // samples of a pass
	left   int // passes after this one, negative for ever
	need   int // samples of a tick
	over   bool

	encoded atomic.Bool
	stop    atomic.Bool
	played  atomic.Int64 // samples

	bytes []byte  // a payload that is not one piece of the prompt's
	pcm   []int16 // the same for PCM
	out   media.Frame
}

// NewPlayer returns a source that plays p. The error says what p lacks.
func NewPlayer(p *Prompt, o PlayerOptions) (*Player, error) {
	n, err := p.check()
	if err != nil {
		return nil, err
	}
	if n > 0 && len(p.PCM) == 0 && len(p.Payload) == 0 {
		return nil, errors.New("prompt: neither PCM nor payload")
	}
	f := &Player{prompt: p, o: o, length: n, left: o.Loop - 1, clock: clockRate(p.Encoding), rate: p.byteRate(n)}
	if o.Loop == 0 {
		f.left = 0
	}
	f.over = n == 0
	f.advance(min(max(0, p.Format.Samples(o.From)/p.Format.Channels), n))
	f.played.Store(0)
	f.encoded.Store(o.Encoded)
	f.Prepare(media.DefaultTick)
	return f, nil
}

// SetEncoded changes between payload and PCM from the next tick on; any goroutine
// may call it.
func (f *Player) SetEncoded(on bool) { f.encoded.Store(on) }

// Stop ends the player at the next tick; any goroutine may call it.
func (f *Player) Stop() { f.stop.Store(true) }

// Played returns how much went out, all passes together; any goroutine may ask.
func (f *Player) Played() time.Duration {
	return f.prompt.Format.Duration(int(f.played.Load()) * f.prompt.Format.Channels)
}

// Name returns "player" and the mode.
func (f *Player) Name() string {
	if f.encoded.Load() {
		return "player " + f.prompt.Encoding
	}
	return "player"
}

// In returns the zero Format: a player has no input.
func (f *Player) In() media.Format { return media.Format{} }

// Out returns the format of the prompt's audio.
func (f *Player) Out() media.Format { return f.prompt.Format }

// Prepare sets the length of a tick. Room for one is made when a tick is not one
// piece of the prompt: at the end of a pass.
func (f *Player) Prepare(tick time.Duration) {
	f.need = f.prompt.Format.Samples(tick) / f.prompt.Format.Channels
}

// Process delivers a tick.
func (f *Player) Process(_, out []*media.Frame) {
	out[0] = nil
	switch {
	case f.stop.Load():
		f.end(PlayerStopped)
	case f.over:
		f.end(PlayerDone)
	default:
		out[0] = f.turn()
		if f.over {
			f.end(PlayerDone)
		}
	}
}

func (f *Player) end(reason string) {
	ended := f.o.Ended
	f.o.Ended = nil
	f.over = true
	if ended != nil {
		ended(reason)
	}
}
