package sink

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/coder/websocket"

	"rms/media"
)

// startBack starts what is sent to the client: echo, clip, marks, and our close.
func (c *wsStream) startBack(ctx context.Context) {
	run := func(f func(context.Context)) {
		c.wg.Add(1)
		go func() {
			defer c.wg.Done()
			f(ctx)
		}()
	}
	run(c.closing)
	if c.board.o.Echo {
		c.echo = make(chan []byte, echoMost)
		run(c.echoing)
	}
	if c.board.clip != nil {
		run(c.playing)
	}
	if plan := c.plan(); len(plan) > 0 {
		run(func(ctx context.Context) { c.asking(ctx, plan) })
	}
}

// closing ends the stream from our side when its time has come or the sink closes.
func (c *wsStream) closing(ctx context.Context) {
	var after <-chan time.Time
	if d := c.board.o.CloseAfter; d > 0 {
		t := time.NewTimer(time.Until(c.started.Add(d)))
		defer t.Stop()
		after = t.C
	}
	select {
	case <-ctx.Done(): // the client ended it
		return
	case <-after:
	case <-c.server.quit:
	}
	close(c.local)
	if c.board.o.WS.CloseCode == int(websocket.StatusAbnormalClosure) {
		_ = c.raw.Close()
		return
	}
	// A client that does not answer keeps neither the descriptor nor us.
	breaker := time.AfterFunc(closingMost, func() { _ = c.raw.Close() })
	defer breaker.Stop()
	_ = c.conn.Close(websocket.StatusCode(c.board.o.WS.CloseCode), c.board.o.WS.CloseReason)
}

// sendBack queues audio for the echo: of stereo the left side, the caller, because the
// way back has one channel.
func (c *wsStream) sendBack(b []byte) {
	if c.echo == nil || len(b) == 0 {
		return
	}
	if c.channels == 2 {
		left := make([]byte, 0, len(b)/2+2)
		for i := 0; i+4 <= len(b); i += 4 {
			left = append(left, b[i], b[i+1])
		}
		b = left
	} else {
		b = slices.Clone(b)
	}
	if !c.admit(len(b)) {
		return
	}
	select {
	case c.echo <- b:
	default:
		c.echoed(len(b))
		c.drop(1)
	}
}

func (c *wsStream) echoing(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-c.echo:
			c.echoed(len(b))
			if c.speak(ctx, b) != nil {
				return
			}
		}
	}
}

// speak sends one binary frame of mono PCM.
func (c *wsStream) speak(ctx context.Context, b []byte) error {
	if err := c.conn.Write(ctx, websocket.MessageBinary, b); err != nil {
		return err
	}
	c.spoke(media.Format{Rate: int(c.backRate.Load()), Channels: 1}.Duration(len(b) / 2))
	return nil
}

// playing sends the clip once the rate of the stream is sure.
func (c *wsStream) playing(ctx context.Context) {
	t := time.NewTimer(playPatience)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return
	case <-c.tuned:
	case <-t.C:
	}
	if err := c.play(ctx); err != nil && ctx.Err() == nil {
		c.problem("play: " + err.Error())
	}
}

// playPatience is how long the clip waits for the stream to say its rate.
const playPatience = 500 * time.Millisecond

func (c *wsStream) play(ctx context.Context) error {
	if c.board.o.WS.StreamAudio != "" {
		return c.playMessages(ctx)
	}
	rate := int(c.backRate.Load())
	pcm, err := c.board.clip.at(rate)
	if err != nil {
		return err
	}
	frame := media.Format{Rate: rate, Channels: 1}.Samples(frameTime)
	var clock *pacer
	if !c.board.o.Burst {
		clock = newPacer()
		defer clock.close()
	}
	for part := range slices.Chunk(pcm, frame) {
		if clock != nil && !clock.wait(ctx.Done()) {
			return nil
		}
		if err := c.speak(ctx, littleEndian(part)); err != nil {
			return err
		}
	}
	return nil
}

func littleEndian(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// streamAudioRates are the rates that raw audio may have in a streamAudio message.
var streamAudioRates = []int{8000, 16000, 24000, 32000, 48000, 64000}

// playMessages sends the clip as streamAudio messages, as few as the limit of a
// message allows.
func (c *wsStream) playMessages(ctx context.Context) error {
	kind, rate := c.board.o.WS.StreamAudio, int(c.backRate.Load())
	if kind == "file" {
		return c.streamAudio(ctx, c.board.clip.kind, 0, c.board.clip.file)
	}
	if !slices.Contains(streamAudioRates, rate) {
		rate = 8000
	}
	pcm, err := c.board.clip.at(rate)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(pcm, fileMost/2) {
		if err := c.streamAudio(ctx, kind, rate, encode(kind, part)); err != nil {
			return err
		}
		c.spoke(media.Format{Rate: rate, Channels: 1}.Duration(len(part)))
	}
	return nil
}

func encode(kind string, pcm []int16) []byte {
	b := make([]byte, 0, len(pcm))
	switch kind {
	case "pcmu":
		for _, s := range pcm {
			b = append(b, media.LinearToMulaw(s))
		}
		return b
	case "pcma":
		for _, s := range pcm {
			b = append(b, media.LinearToAlaw(s))
		}
		return b
	}
	return littleEndian(pcm)
}

func (c *wsStream) streamAudio(ctx context.Context, kind string, rate int, audio []byte) error {
	text := `{"type":"streamAudio","data":{"audioDataType":"` + kind + `",`
	if rate > 0 {
		text += `"sampleRate":` + strconv.Itoa(rate) + `,`
	}
	text += `"audioData":"` + base64.StdEncoding.EncodeToString(audio) + `"}}`
	return c.conn.Write(ctx, websocket.MessageText, []byte(text))
}

// asked is a text that is sent at its time.
type asked struct {
	after time.Duration
	text  string
}

// plan lists the texts that the options want, in the order of their times.
func (c *wsStream) plan() []asked {
	var plan []asked
	w := &c.board.o.WS
	for i, d := range w.Mark {
		name, _ := json.Marshal(fmt.Sprintf("mark-%d", i+1))
		plan = append(plan, asked{d, `{"type":"mark","data":{"name":` + string(name) + `}}`})
	}
	for _, d := range w.ClearMarks {
		plan = append(plan, asked{d, `{"type":"clearMarks"}`})
	}
	for _, d := range w.Clear {
		plan = append(plan, asked{d, `{"type":"killAudio"}`})
	}
	slices.SortStableFunc(plan, func(a, b asked) int { return int(a.after - b.after) })
	return plan
}

func (c *wsStream) asking(ctx context.Context, plan []asked) {
	for _, a := range plan {
		if !pause(time.Until(c.started.Add(a.after)), ctx.Done()) {
			return
		}
		if c.conn.Write(ctx, websocket.MessageText, []byte(a.text)) != nil {
			return
		}
	}
}
