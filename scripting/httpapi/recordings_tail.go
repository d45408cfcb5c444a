package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"path"

	"rms/media/record/ledger"
	"rms/media/record/shelf"
)

// sealedType is that of what only its key opens.
const sealedType = "application/octet-stream"

// recordingTail sends the small file beside an encrypted recording that was not closed
// properly. It is heard as the audio is, so the books note it as that.
func (s *Server) recordingTail(w http.ResponseWriter, r *http.Request, rs *shelf.Shelf, rec *ledger.Sidecar) error {
	tail, err := rs.Tail(rec)
	if err != nil {
		return err
	}
	if err := s.noteFetch(r, rs, rec); err != nil {
		return err
	}
	describe(w.Header(), sealedType, path.Base(rec.File)+ledger.TailSuffix)
	sum := sha256.Sum256(tail.Text)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	return s.content(w, r, tail.Time, io.NewSectionReader(bytes.NewReader(tail.Text), 0, int64(len(tail.Text))))
}
