package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// doorConns is how many connections the verbs come on.
const doorConns = 4

// doors does it. cpu is read at the begin, in the middle and at the end.
type doors struct {
	plan   *plan
	client *http.Client
	cpu    func() float64

	mu     sync.Mutex
	sum    DoorSum
	answer histogram
}

func newDoors(p *plan) *doors {
	return &doors{
		plan: p, client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: doorConns + 1}},
		cpu: func() (sum float64) {
			for _, pid := range p.PIDs {
				if u, err := readProcess(pid); err == nil {
					sum += u.cpu
				}
			}
			return sum
		},
	}
}

// run returns after the time for which the calls stand, or when ctx ends.
func (d *doors) run(ctx context.Context) {
	defer d.client.CloseIdleConnections()
	half := d.plan.For / 2
	before := d.cpu()
	if !pause(ctx, half) {
		return
	}
	calls, err := d.calls(ctx)
	if err != nil {
		d.problem(err)
		return
	}
	middle := d.cpu()
	ctx, cancel := context.WithTimeout(ctx, half)
	defer cancel()
	var all sync.WaitGroup
	if d.plan.Doors.Verbs > 0 && len(calls) > 0 {
		for n := range doorConns {
			all.Go(func() { d.verbs(ctx, calls, n) })
		}
	}
	if d.plan.Doors.Reload > 0 {
		all.Go(func() { d.reloads(ctx) })
	}
	<-ctx.Done()
	all.Wait()
	d.sum.Answer = d.answer.spread()
	if n := d.sum.Verbs; n > 0 && len(d.plan.PIDs) > 0 {
		d.sum.VerbUS = max(0, (d.cpu()-middle)-(middle-before)) * 1e6 / float64(n)
	}
}

// openDoors begins what is to be done through the API, and returns what waits for its end.
func (r *runner) openDoors(ctx context.Context) (wait func()) {
	if r.plan.Doors.URL == "" || r.agent.up == 0 {
		return func() {}
	}
	d, done := newDoors(&r.plan), make(chan struct{})
	ctx, cancel := context.WithTimeout(ctx, r.plan.For)
	go func() {
		defer close(done)
		d.run(ctx)
	}()
	return func() {
		cancel()
		<-done
		r.doors = &d.sum
	}
}

func pause(ctx context.Context, t time.Duration) bool {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (d *doors) problem(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sum.Problem = err.Error()
}

// calls lists the ids of calls to use verbs on.
func (d *doors) calls(ctx context.Context) ([]string, error) {
	var list struct {
		Calls []struct {
			ID string `json:"id"`
		} `json:"calls"`
	}
	text, err := d.ask(ctx, http.MethodGet, "/v1/calls?state=answered&limit=1000", "")
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	ids := make([]string, 0, len(list.Calls))
	for _, c := range list.Calls {
		ids = append(ids, c.ID)
	}
	return ids, err
}

// verbs uses a verb on one call after the other, at its share of the rate.
func (d *doors) verbs(ctx context.Context, calls []string, first int) {
	every := time.Duration(float64(doorConns) / d.plan.Doors.Verbs * float64(time.Second))
	begin := time.Now().Add(every * time.Duration(first) / doorConns)
	for n := 0; pause(ctx, time.Until(begin.Add(every*time.Duration(n)))); n++ {
		from := time.Now()
		_, err := d.ask(ctx, http.MethodPost, "/v1/calls/"+calls[(first+n*doorConns)%len(calls)]+"/set", `{"name":"load","value":"1"}`)
		if err != nil && ctx.Err() != nil {
			return
		}
		d.mu.Lock()
		d.sum.Verbs++
		d.answer.add(int64(time.Since(from)))
		if err != nil {
			d.sum.Refused++
			d.sum.Problem = err.Error()
		}
		d.mu.Unlock()
	}
}

func (d *doors) reloads(ctx context.Context) {
	for pause(ctx, d.plan.Doors.Reload) {
		_, err := d.ask(ctx, http.MethodPost, "/v1/reload", "")
		if err != nil && ctx.Err() != nil {
			return
		}
		d.mu.Lock()
		d.sum.Reloads++
		if err != nil {
			d.sum.Failed++
			d.sum.Problem = err.Error()
		}
		d.mu.Unlock()
	}
}

func (d *doors) ask(ctx context.Context, method, path, body string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, d.plan.Doors.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := d.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s %s", method, path, res.Status, bytes.TrimSpace(text))
	}
	return text, err
}
