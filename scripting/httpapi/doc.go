// Package httpapi is the door to the verbs for programs that speak HTTP: calls and
// verbs as JSON, events as server-sent events or over a websocket, metrics for
// Prometheus, and an OpenAPI document of all that, made from the table of verbs.
//
//	s, err := httpapi.Open(httpapi.Options{Listen: netip.MustParseAddrPort("127.0.0.1:8080"), Calls: manager, Log: log})
//	defer s.Close(ctx)
//
//	curl -d '{"file": "welcome.wav"}' -H 'Content-Type: application/json' http://127.0.0.1:8080/v1/calls/ID/play
//
// What it serves is in docs/http.md.
package httpapi
