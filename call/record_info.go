package call

// RecordingInfo is one recording of a call.
type RecordingInfo struct {
	Name     string `json:"name"`
	File     string `json:"file"`
	ID       string `json:"id,omitempty"`
	Sides    string `json:"sides"`
	Format   string `json:"format"`
	Rate     int    `json:"rate,omitempty"`
	State    string `json:"state"` // waiting, beeping, recording, paused, stopping
	LengthMS int64  `json:"length_ms"`
	Masked   bool   `json:"masked,omitempty"`
	Required bool   `json:"required,omitempty"`
}

func (c *Call) recordingInfos() []RecordingInfo {
	var out []RecordingInfo
	for _, r := range c.recordings {
		i := RecordingInfo{
			Name: r.name, File: r.file(), Sides: r.set.spec.Sides.String(), Format: r.set.format, Rate: r.rate,
			State: r.stands(), LengthMS: r.position().Milliseconds(), Masked: r.paused && r.masked, Required: r.set.required,
		}
		if r.to != nil {
			i.ID = r.to.ID()
		}
		out = append(out, i)
	}
	return out
}

func (r *recording) stands() string {
	switch {
	case r.stopping:
		return "stopping"
	case r.paused:
		return "paused"
	case r.beeping:
		return "beeping"
	case !r.began:
		return "waiting"
	}
	return "recording"
}
