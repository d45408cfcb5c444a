// Package filter holds the filters that a media.Graph is built from: sources
// (decoder, player, tone), what changes audio (gain, mixer, channels, resampler)
// and what takes it (encoder, tee, void). None allocates or blocks in Process.
// The smallest example:
//
//	g := media.NewGraph(media.GraphOptions{Convert: filter.Convert})
//	tone, _ := g.Add(filter.NewTone(440, -10, media.Format{Rate: 8000, Channels: 1}), 1)
//	_, _ = g.Chain(tone, filter.NewGain(-6), filter.NewVoid())
//	g.Tick()
package filter
