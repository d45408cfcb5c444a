package upload

import (
	"cmp"
	"slices"
	"time"
)

// Status is how far one recording in the queue has come.
type Status struct {
	Item
	URL      string    `json:"url"`
	State    State     `json:"state"`
	Sent     int64     `json:"sent"` // bytes, of the attempt that runs
	Parts    int       `json:"parts,omitempty"`
	Attempts int       `json:"attempts"` // that failed
	Next     time.Time `json:"next,omitzero"`
	Error    string    `json:"error,omitempty"` // of the last attempt, without secrets
	Added    time.Time `json:"added"`
}

// Status tells of one recording; false when it is not in the queue, because it has
// arrived or was never there.
func (q *Queue) Status(id string) (Status, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j := q.jobs[id]
	if j == nil {
		return Status{}, false
	}
	return q.status(j), true
}

// All tells of all recordings in the queue, the oldest first.
func (q *Queue) All() []Status {
	q.mu.Lock()
	all := make([]Status, 0, len(q.jobs))
	for _, j := range q.jobs {
		all = append(all, q.status(j))
	}
	q.mu.Unlock()
	slices.SortFunc(all, func(a, b Status) int { return cmp.Or(a.Added.Compare(b.Added), cmp.Compare(a.ID, b.ID)) })
	return all
}

func (q *Queue) status(j *job) Status {
	s := Status{
		Item: j.Item, URL: q.carrier.url(j.Item.File), State: j.State, Attempts: j.Attempts, Error: j.Error, Added: j.Added,
	}
	if j.Multi != nil {
		s.Parts = len(j.Multi.Parts)
	}
	switch {
	case j.busy:
		s.Sent = j.sent.Load()
		if j.State == Waiting {
			s.State = Uploading
		}
	case j.State == Waiting:
		s.Next = j.at
	}
	return s
}

// Stats returns the counts.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stats
	for _, j := range q.jobs {
		switch {
		case j.State == Live:
			s.Live++
		case j.State == Failed:
			s.Failed++
		case j.busy:
			s.Uploading++
		default:
			s.Waiting++
		}
	}
	return s
}
