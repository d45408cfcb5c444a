package httpapi

import "net/http"

// lasting are the patterns of the routes whose answers end when the client goes.
var lasting = map[string]bool{
	"GET /v1/events": true, "GET /v1/events/ws": true, "GET /v1/trace": true, "GET /v1/calls/{id}/trace": true,
	"GET /v1/recordings/{id}/live": true,
}

// table is all that is served, in the order of the OpenAPI document.
func (s *Server) table() []route {
	list := []route{
		{"GET", "/v1/calls", s.calls, opCalls()},
		{"GET", "/v1/calls/{id}", s.call, opCall()},
		{"DELETE", "/v1/calls/{id}", s.hangup, opHangup()},
		{"GET", "/v1/calls/{id}/graph", s.graph, opGraph()},
		{"POST", "/v1/calls/{id}/{verb}", s.useVerb, nil}, // a path of its own for each verb in the document
		{"POST", "/v1/verbs/{verb}", s.useVerb, nil},
		{"GET", "/v1/verbs", s.verbs, opVerbs()},
		{"POST", "/v1/api", s.api, opAPI()},
		{"GET", "/v1/events", s.sse, opEvents()},
		{"GET", "/v1/events/ws", s.websocket, opSocket()},
		{"GET", "/v1/calls/{id}/trace", s.traceCall, opTraceCall()},
		{"GET", "/v1/trace", s.traceAll, opTraceAll()},
		{"GET", "/v1/recordings", s.recordings, opRecordings()},
		{"GET", "/v1/recordings/{id}", s.recording, opRecording()},
		{"DELETE", "/v1/recordings/{id}", s.recordingDelete, opRecordingDelete()},
		{"GET", "/v1/recordings/{id}/audio", s.recordingAudio, opRecordingAudio()},
		{"GET", "/v1/recordings/{id}/live", s.recordingLive, opRecordingLive()},
		{"GET", "/v1/recordings/{id}/waveform.svg", s.recordingPicture, opRecordingPicture()},
		{"POST", "/v1/recordings/{id}/hold", s.recordingHold, opRecordingHold()},
		{"POST", "/v1/recordings/{id}/release", s.recordingRelease, opRecordingRelease()},
		{"POST", "/v1/recordings/{id}/upload", s.recordingUpload, opRecordingUpload()},
		{"POST", "/v1/recordings/{id}/verify", s.recordingVerify, opRecordingVerify()},
		{"GET", "/v1/version", s.version, opVersion()},
		{"GET", "/v1/status", s.status, opStatus()},
		{"POST", "/v1/reload", s.reload, opReload()},
		{"POST", "/v1/drain", s.drain, opDrain()},
		{"POST", "/v1/log", s.logLevel, opLog()},
		{"GET", "/v1/openapi.json", s.openAPI, opOpenAPI()},
		{"GET", "/healthz", s.healthz, opHealth()},
		{"GET", "/readyz", s.readyz, opReady()},
		{"GET", "/metrics", s.metrics, opMetrics()},
	}
	return list
}

// openAPI is GET /v1/openapi.json.
func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(s.openapi)
	return ignore(err)
}
