package top

import (
	"slices"
	"strings"

	"rms/call"
	"rms/cmd/rms/ctl"
)

// mode is what keys mean now.
type mode int

const (
	table   mode = iota
	details      // of one call
	filtering
	confirming // a hang-up
	helping
)

// Model is what is known, and what the user chose. Take and Press change it, Render
// draws it. One goroutine uses it.
type Model struct {
	Place string // where the server is
	ASCII bool
	Color bool

	sample  Sample // the last that came; Calls, Status of the last that worked
	failed  error  // why the last did not
	status  []*ctl.Status
	rates   Rates
	number  uint64
	history map[string]*history

	rows     []*call.CallInfo // of the sample, filtered and sorted
	selected string           // id
	at       int              // row of it
	first    int              // row at the top
	page     int              // rows that there was room for
	sort     int              // column
	upward   bool             // the smallest first
	filter   string
	mode     mode
	back     mode   // where a question came from
	asked    string // id that it is about: rows may move meanwhile
	edit     string // filter while it is typed
	message  string // what was done last
	scroll   int    // of details
	detail   *call.CallInfo
	gone     bool // the call of the details is over
}

// NewModel returns a model without data.
func NewModel(place string) *Model {
	return &Model{Place: place, history: map[string]*history{}, sort: timeColumn, page: 10}
}

// Action is what a key asks for beyond the model.
type Action struct {
	Quit, Suspend, Redraw bool
	Fetch                 bool   // at once
	Hangup                string // id of a call
}

// Take adds what a server said.
func (m *Model) Take(s Sample) {
	m.failed = s.Err
	if s.Err != nil {
		m.sample.At = s.At
		return
	}
	m.number++
	if s.Detail != nil {
		m.detail, m.gone = s.Detail, false
	} else if m.mode == details && s.DetailErr != nil {
		m.gone = true
	}
	m.sample = s
	if n := len(m.status); n > 0 && !m.status[n-1].Began.Equal(s.Status.Began) {
		m.status = nil // another server
	}
	if m.status = append(m.status, s.Status); len(m.status) > window+1 {
		m.status = slices.Delete(m.status, 0, 1)
	}
	var old *ctl.Status
	if len(m.status) > 1 {
		old = m.status[0]
	}
	m.rates = rates(old, s.Status)
	m.remember()
	m.arrange()
}

// remember adds a point to each call, and forgets those that are over.
func (m *Model) remember() {
	for i := range m.sample.Calls {
		c := &m.sample.Calls[i]
		h := m.history[c.ID]
		if h == nil {
			h = &history{}
			m.history[c.ID] = h
		}
		h.add(c.RTP)
		h.seen = m.number
	}
	for id, h := range m.history {
		if h.seen != m.number && !(m.mode == details && id == m.selected) {
			delete(m.history, id)
		}
	}
}

// arrange filters and sorts the rows anew, and finds the selected one again.
func (m *Model) arrange() {
	m.rows = m.rows[:0]
	filter := strings.ToLower(m.filter)
	for i := range m.sample.Calls {
		if c := &m.sample.Calls[i]; matches(c, filter) {
			m.rows = append(m.rows, c)
		}
	}
	col := &allColumns[m.sort]
	slices.SortStableFunc(m.rows, func(a, b *call.CallInfo) int {
		n := col.compare(a, b)
		if !m.upward {
			n = -n
		}
		if n == 0 {
			n = strings.Compare(a.ID, b.ID)
		}
		return n
	})
	if m.mode == details {
		return // the row stays as it is
	}
	for i, c := range m.rows {
		if c.ID == m.selected {
			m.at = i
			return
		}
	}
	m.move(0)
}

func matches(c *call.CallInfo, filter string) bool {
	if filter == "" {
		return true
	}
	for _, text := range []string{c.ID, c.State, c.From, c.To, c.Source, c.Codec} {
		if strings.Contains(strings.ToLower(text), filter) {
			return true
		}
	}
	return false
}

// move selects a row so many below.
func (m *Model) move(by int) {
	m.at = max(0, min(len(m.rows)-1, m.at+by))
	m.selected = ""
	if m.at < len(m.rows) {
		m.selected = m.rows[m.at].ID
	}
}

// Detail is the id of the call whose details are to be fetched, "" for none.
func (m *Model) Detail() string {
	if m.mode == details || m.back == details && m.mode == confirming {
		return m.selected
	}
	return ""
}

// Say shows a message until the next key.
func (m *Model) Say(text string) { m.message = ctl.Clean(text) }

// look returns the row that is selected, nil when there is none.
func (m *Model) look() *call.CallInfo {
	if m.at < len(m.rows) && m.rows[m.at].ID == m.selected {
		return m.rows[m.at]
	}
	return nil
}
