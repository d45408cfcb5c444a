package waveform

import (
	"strings"
	"time"

	"rms/media/record/ledger"
)

// Of is the picture that a sidecar describes.
func Of(s *ledger.Sidecar) Picture {
	p := Picture{Title: title(s), Running: s.State == ledger.Recording, Labels: make([]string, max(min(s.Channels, 8), 0)), Pauses: PausesOf(s)}
	for _, side := range s.Sides {
		if side.Channel < 0 || side.Channel >= len(p.Labels) {
			continue
		}
		label := strings.Trim(side.Label+" "+side.Party, " ")
		if p.Labels[side.Channel] != "" {
			label = p.Labels[side.Channel] + " + " + label
		}
		p.Labels[side.Channel] = label
	}
	var details []string
	if !s.Started.IsZero() {
		details = append(details, s.Started.Format("2006-01-02 15:04:05 MST"))
	}
	details = append(details, s.File)
	if s.Hold != nil {
		details = append(details, "on legal hold")
	}
	p.Detail = strings.Join(details, " · ")
	for _, g := range s.Gaps {
		if !g.Missing() {
			continue // nobody spoke: the picture shows that by itself
		}
		side := -1
		for _, of := range s.Sides {
			if g.Side != "" && of.Label == g.Side {
				side = of.Channel
			}
		}
		p.Gaps = append(p.Gaps, Gap{spanOf(g.AtMS, g.LengthMS), side, g.Reason})
	}
	for _, m := range s.Marks {
		p.Marks = append(p.Marks, Mark{ms(m.AtMS), m.Text})
	}
	return p
}

// PausesOf are the pauses that a sidecar tells of.
func PausesOf(s *ledger.Sidecar) []Span {
	var list []Span
	for _, p := range s.Pauses {
		list = append(list, spanOf(p.AtMS, p.LengthMS))
	}
	return list
}

func title(s *ledger.Sidecar) string {
	var parties []string
	for _, p := range s.Parties {
		name := p.Name
		if name == "" {
			name = p.URI
		}
		if name != "" {
			parties = append(parties, name)
		}
	}
	switch {
	case len(parties) > 0:
		return strings.Join(parties, " – ")
	case s.Name != "":
		return s.Name
	}
	return s.File
}

func spanOf(at, length float64) Span { return Span{ms(at), ms(length)} }

// ms is a time in milliseconds, bounded: a sidecar may have been written by anybody.
func ms(v float64) time.Duration {
	if v != v {
		return 0
	}
	return time.Duration(min(max(v, 0), 1e12) * float64(time.Millisecond))
}
