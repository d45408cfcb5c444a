package siprec

import "maps"

// Update returns the metadata after u: u itself when it is complete, else m with what u
// changes or adds (RFC 7865 section 6.1.1). Parts keep their order, so stream 1 stays
// stream 1. A nil m is an empty one.
func (m *Metadata) Update(u *Metadata) *Metadata {
	if u == nil {
		return m
	}
	if m == nil || !u.Partial {
		n := *u
		n.Partial = false
		return &n
	}
	n := &Metadata{
		Groups:       merge(m.Groups, u.Groups, func(g *Group) string { return g.ID }, mergeGroup),
		Sessions:     merge(m.Sessions, u.Sessions, func(s *CommunicationSession) string { return s.ID }, mergeSession),
		Participants: merge(m.Participants, u.Participants, func(p *Participant) string { return p.ID }, mergeParticipant),
		Streams:      merge(m.Streams, u.Streams, func(s *Stream) string { return s.ID }, mergeStream),
		Memberships: merge(m.Memberships, u.Memberships, func(a *Membership) string {
			return a.Participant + "\x00" + a.Session
		}, mergeMembership),
		Flows:    merge(m.Flows, u.Flows, func(f *Flow) string { return f.Participant }, mergeFlow),
		Recorded: merge(m.Recorded, u.Recorded, func(r *Recorded) string { return r.Session }, mergeRecorded),
		Extra:    mergeExtra(m.Extra, u.Extra),
	}
	return n
}

// merge changes the elements of a list that have the key of one of the changes, and
// appends the others.
func merge[T any](list, changes []T, key func(*T) string, change func(old, by T) T) []T {
	out := append([]T(nil), list...)
	at := make(map[string]int, len(out))
	for i := range out {
		at[key(&out[i])] = i
	}
	for i := range changes {
		k := key(&changes[i])
		if j, ok := at[k]; ok && k != "" {
			out[j] = change(out[j], changes[i])
			continue
		}
		if len(out) < maxList {
			at[k] = len(out)
			out = append(out, changes[i])
		}
	}
	return out
}

func either(by, old string) string {
	if by != "" {
		return by
	}
	return old
}

// mergeInterval takes a later interval: a new beginning has no end yet.
func mergeInterval(old, by Interval) Interval {
	if by.From != "" && by.From != old.From {
		return by
	}
	return Interval{From: either(by.From, old.From), To: either(by.To, old.To)}
}

func mergeExtra(old, by Extra) Extra {
	if len(by) == 0 {
		return old
	}
	out := make(Extra, len(old)+len(by))
	maps.Copy(out, by)
	for k, v := range old {
		if _, there := out[k]; !there && len(out) < maxExtra {
			out[k] = v
		}
	}
	return out
}

func mergeGroup(old, by Group) Group {
	return Group{ID: old.ID, Interval: mergeInterval(old.Interval, by.Interval), Extra: mergeExtra(old.Extra, by.Extra)}
}

func mergeSession(old, by CommunicationSession) CommunicationSession {
	old.Group, old.Reason = either(by.Group, old.Group), either(by.Reason, old.Reason)
	if len(by.SIPSessionIDs) > 0 {
		old.SIPSessionIDs = by.SIPSessionIDs
	}
	old.Interval, old.Extra = mergeInterval(old.Interval, by.Interval), mergeExtra(old.Extra, by.Extra)
	return old
}

func mergeParticipant(old, by Participant) Participant {
	if len(by.Names) > 0 {
		old.Names = by.Names
	}
	old.Extra = mergeExtra(old.Extra, by.Extra)
	return old
}

func mergeStream(old, by Stream) Stream {
	old.Session, old.Label, old.Mode = either(by.Session, old.Session), either(by.Label, old.Label), either(by.Mode, old.Mode)
	old.Interval, old.Extra = mergeInterval(old.Interval, by.Interval), mergeExtra(old.Extra, by.Extra)
	return old
}

func mergeMembership(old, by Membership) Membership {
	if len(by.Params) > 0 {
		old.Params = by.Params
	}
	old.Interval = mergeInterval(old.Interval, by.Interval)
	return old
}

// mergeFlow takes the streams of the later association: it says what is so now. One
// without streams only ends the older one.
func mergeFlow(old, by Flow) Flow {
	if len(by.Sends)+len(by.Receives) > 0 {
		old.Sends, old.Receives = by.Sends, by.Receives
	}
	old.Interval = mergeInterval(old.Interval, by.Interval)
	return old
}

func mergeRecorded(old, by Recorded) Recorded {
	old.Interval = mergeInterval(old.Interval, by.Interval)
	return old
}
