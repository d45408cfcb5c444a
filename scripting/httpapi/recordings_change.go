package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"rms/media/record/ledger"
	"rms/media/record/waveform"
)

// Bounds of what looks at a whole recording.
const (
	drawTime   = 2 * time.Minute
	verifyTime = 30 * time.Minute
	maxWhy     = 500
)

// recordingPicture is GET /v1/recordings/{id}/waveform.svg.
func (s *Server) recordingPicture(w http.ResponseWriter, r *http.Request) error {
	rs, rec, err := s.findRecording(r)
	if err != nil {
		return err
	}
	lasts(w)
	ctx, cancel := context.WithTimeout(r.Context(), drawTime)
	defer cancel()
	o, err := rs.Waveform(ctx, rec, nil)
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		if err := rs.Note(rec, s.byWhom(r, ""), "look"); err != nil {
			return err
		}
	}
	var picture bytes.Buffer
	if err := o.SVG(&picture, waveform.Of(rec)); err != nil {
		return err
	}
	s.answerNow(w)
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_, err = w.Write(picture.Bytes())
	return ignore(err)
}

// answerNow gives the client its time from now on, after work that took long.
func (s *Server) answerNow(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.opts.Times.Write))
}

// recordingDelete is DELETE /v1/recordings/{id}.
func (s *Server) recordingDelete(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	for name := range q {
		if name != "why" && name != "by" {
			return wrong(short(name), "unknown parameter of the query (has: by, why)")
		}
	}
	why, by := q.Get("why"), q.Get("by")
	if len(why) > maxWhy {
		return wrong("why", "\"why\" is too long")
	}
	rs, err := s.shelf()
	if err != nil {
		return err
	}
	if err := rs.Delete(r.Context(), r.PathValue("id"), s.byWhom(r, by), why); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"result": true})
}

// reasonOf reads {"why": "...", "by": "..."}; the body may be missing.
func (s *Server) reasonOf(w http.ResponseWriter, r *http.Request) (by, why string, err error) {
	for name := range r.URL.Query() {
		return "", "", wrong(short(name), "unknown parameter of the query (has none)")
	}
	body, err := s.readBody(w, r)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return s.byWhom(r, ""), "", err
	}
	val, err := decodeJSON(body)
	if err != nil {
		return "", "", err
	}
	object, ok := val.(map[string]any)
	if !ok {
		return "", "", fault("argument", "the body must be a JSON object: {\"why\": \"...\"}")
	}
	for name, val := range object {
		text, ok := val.(string)
		switch {
		case name != "why" && name != "by":
			return "", "", wrong(short(name), "unknown member (has: by, why)")
		case !ok || len(text) > maxWhy:
			return "", "", wrong(name, "\""+name+"\" must be a text, and not a long one")
		case name == "why":
			why = text
		default:
			by = text
		}
	}
	return s.byWhom(r, by), why, nil
}

// recordingHold is POST /v1/recordings/{id}/hold.
func (s *Server) recordingHold(w http.ResponseWriter, r *http.Request) error {
	by, why, err := s.reasonOf(w, r)
	if err != nil {
		return err
	}
	if why == "" {
		return wrong("why", "\"why\" is missing: a legal hold has a reason")
	}
	rs, err := s.shelf()
	if err != nil {
		return err
	}
	rec, err := rs.Hold(r.Context(), r.PathValue("id"), by, why)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, rec)
}

// recordingRelease is POST /v1/recordings/{id}/release.
func (s *Server) recordingRelease(w http.ResponseWriter, r *http.Request) error {
	by, why, err := s.reasonOf(w, r)
	if err != nil {
		return err
	}
	rs, err := s.shelf()
	if err != nil {
		return err
	}
	rec, err := rs.Release(r.Context(), r.PathValue("id"), by, why)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, rec)
}

// recordingUpload is POST /v1/recordings/{id}/upload.
func (s *Server) recordingUpload(w http.ResponseWriter, r *http.Request) error {
	by, _, err := s.reasonOf(w, r)
	if err != nil {
		return err
	}
	rs, err := s.shelf()
	if err != nil {
		return err
	}
	if err := rs.Upload(r.Context(), r.PathValue("id"), by); err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, map[string]any{"result": true})
}

// verdict is the answer of POST /v1/recordings/{id}/verify.
type verdict struct {
	OK     bool           `json:"ok"`
	Report *ledger.Report `json:"report"`
}

// recordingVerify is POST /v1/recordings/{id}/verify: the file is read and compared with
// the chain.
func (s *Server) recordingVerify(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := s.reasonOf(w, r); err != nil {
		return err
	}
	rs, err := s.shelf()
	if err != nil {
		return err
	}
	lasts(w)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(verifyTime))
	ctx, end := s.untilQuit(r.Context())
	defer end()
	report, err := rs.Verify(ctx, r.PathValue("id"), nil)
	s.answerNow(w)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, verdict{len(report.Problems) == 0, report})
}
