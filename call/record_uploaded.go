package call

import (
	"time"

	"rms/media/record/upload"
)

// Uploads returns what tells calls, and those who watch, what becomes of deliveries.
func (m *Manager) Uploads() upload.Events { return (*uploads)(m) }

type uploads Manager

// Uploaded tells that a recording was delivered.
func (u *uploads) Uploaded(d upload.Delivery) {
	(*Manager)(u).tellOf(d.Call, &Event{Name: EventRecordUploaded, Call: d.Call, Time: time.Now(), Fields: []Field{
		{"file", d.File}, {"url", d.URL}, {"attempts", int64(d.Attempts)}, {"bytes", d.Bytes}, {"sha256", d.SHA256},
	}})
}

// Failed tells of an attempt to deliver one that failed.
func (u *uploads) Failed(f upload.Failure) {
	(*Manager)(u).tellOf(f.Call, &Event{Name: EventRecordError, Call: f.Call, Time: time.Now(), Fields: []Field{
		{"file", f.File}, {"error", cut(f.Err.Error(), 1024)}, {"url", f.URL}, {"attempts", int64(f.Attempts)},
		{"again", !f.Next.IsZero()},
	}})
}

// tellOf sends an event in its call, or to those who watch when the call is over.
func (m *Manager) tellOf(id string, ev *Event) {
	late := func() {
		ev.Call, ev.Fields = "", append([]Field{{"call", id}}, ev.Fields...)
		m.show(ev)
	}
	c, ok := m.Find(id)
	if !ok || c.box.must(func() {
		if c.state == over {
			late()
			return
		}
		c.emit(ev)
	}) != nil {
		late()
	}
}
