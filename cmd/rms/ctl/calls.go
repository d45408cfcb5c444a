package ctl

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rms/call"
)

// page is how many calls are asked for at a time.
const page = 1000

// Calls lists the live calls that match a query, the oldest first, and how many there
// are when that is more than most.
func (c *Client) Calls(ctx context.Context, query url.Values, most int) ([]call.CallInfo, int, error) {
	var all []call.CallInfo
	q := url.Values{}
	for name, values := range query {
		q[name] = values
	}
	for {
		var answer struct {
			Calls []call.CallInfo `json:"calls"`
			Total int             `json:"total"`
			Next  string          `json:"next"`
		}
		q.Set("limit", strconv.Itoa(min(page, most-len(all))))
		if err := c.Get(ctx, "/v1/calls?"+q.Encode(), &answer); err != nil {
			return nil, 0, err
		}
		all = append(all, answer.Calls...)
		if answer.Next == "" || len(all) >= most || len(answer.Calls) == 0 {
			return all, max(answer.Total, len(all)), nil
		}
		q.Set("after", answer.Next)
	}
}

// everyCall is how many calls are looked through at most.
const everyCall = 100000

// fullID is the length of the id of a call.
const fullID = 36

// Find returns the id of the call that is meant by the beginning of an id; "-" means
// the only call that there is.
func (c *Client) Find(ctx context.Context, prefix string) (string, error) {
	prefix = strings.ToLower(prefix)
	switch {
	case len(prefix) == fullID:
		return prefix, nil
	case prefix == "-":
	case prefix == "" || strings.Trim(prefix, "0123456789abcdef-") != "":
		return "", usage("%q is not the id of a call, nor the beginning of one: \"rms ctl calls\" lists them", Clean(prefix))
	}
	calls, _, err := c.Calls(ctx, nil, everyCall)
	if err != nil {
		return "", err
	}
	if prefix == "-" {
		prefix = ""
	}
	var found []string
	for i := range calls {
		if strings.HasPrefix(calls[i].ID, prefix) {
			found = append(found, calls[i].ID)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && prefix == "":
		return "", noCallError("there is no call")
	case len(found) == 0:
		return "", noCallError("no call has an id that begins with " + prefix)
	}
	slices.Sort(found)
	text := strings.Join(found[:min(4, len(found))], ", ")
	if len(found) > 4 {
		text += " and others"
	}
	return "", usage("%d calls are meant: %s", len(found), Clean(text))
}

// Info returns what is known of a call.
func (c *Client) Info(ctx context.Context, id string) (*call.CallInfo, error) {
	var i call.CallInfo
	if err := c.Get(ctx, "/v1/calls/"+url.PathEscape(id), &i); err != nil {
		return nil, err
	}
	return &i, nil
}

// Graph returns the filter graph of a call in the language of Graphviz.
func (c *Client) Graph(ctx context.Context, id string) (string, error) {
	var text []byte
	err := c.Get(ctx, "/v1/calls/"+url.PathEscape(id)+"/graph?format=dot", &text)
	return string(text), err
}

// shortest is how many characters of the ids of calls tell them apart, at least 8.
func shortest(calls []call.CallInfo) int {
	ids := make([]string, len(calls))
	for i := range calls {
		ids[i] = calls[i].ID
	}
	slices.Sort(ids)
	n := 8
	for i := 1; i < len(ids); i++ {
		same := 0
		for same < min(len(ids[i]), len(ids[i-1])) && ids[i][same] == ids[i-1][same] {
			same++
		}
		n = max(n, same+1)
	}
	return n
}

// Party is a SIP URI made short: without scheme and parameters.
func Party(uri string) string {
	uri = Clean(uri)
	for _, scheme := range []string{"sip:", "sips:", "tel:"} {
		uri = strings.TrimPrefix(uri, scheme)
	}
	uri, _, _ = strings.Cut(uri, ";")
	return uri
}
