package call

import (
	"errors"
	"strconv"

	"rms/media/record"
)

// siprecRecording is the name of the recording that a recording session gets by itself;
// those of the third stream and more have their number behind it.
const siprecRecording = "siprec"

// recordStreams records the session: both sides in one file, unless the script did that,
// and every further stream in one of its own.
// The error is that of one that the call cannot do without: the call is ended.
func (s *siprecIn) recordStreams() error {
	if s == nil {
		return nil
	}
	c := s.call
	if !c.manager.opts.RecordSIPREC || c.state >= leaving || !c.leg.live() {
		return nil
	}
	var errs []error
	if !s.recorded {
		s.recorded = true
		if c.liveRecordings() == 0 {
			errs = append(errs, s.record(siprecRecording, nil))
		}
	}
	for _, st := range s.line.streams {
		if st.index > sideCallee && st.mline >= 0 && !st.recorded {
			st.recorded = true
			errs = append(errs, s.record(siprecRecording+"-"+strconv.Itoa(st.index+1), st))
		}
	}
	if c.state < leaving {
		return nil
	}
	return errors.Join(errs...)
}

// record begins one recording as record_start does.
func (s *siprecIn) record(name string, only *siprecStream) error {
	c := s.call
	v, _ := Lookup("record_start")
	a, err := v.Bind(nil, map[string]any{"name": name})
	if err == nil {
		var r *recording
		if r, err = c.newRecording(a); err == nil {
			if only != nil {
				r.stream, r.set.spec.Sides, r.set.spec.Labels = only, record.Caller, [2]string{only.label}
				s.describe(&r.set.spec.Sidecar, r.set.spec.Labels, only)
			}
			err = c.record(r)
		}
	}
	if err != nil {
		c.warn().Str("recording", name).Err(err).Msg("recording session not recorded")
	}
	return err
}

// labels are those of the sides, for the sidecar.
func (s *siprecIn) labels() (l [2]string) {
	if s == nil || s.line == nil {
		return l
	}
	for side := range l {
		l[side] = s.line.streams[side].label
	}
	if l[sideCaller] == l[sideCallee] { // they tell nothing
		return [2]string{}
	}
	return l
}
