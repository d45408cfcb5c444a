package shelf

import (
	"context"
	"errors"
	"io/fs"

	"rms/media/record/ledger"
	"rms/media/record/shelf/index"
)

// Page is a part of a list.
type Page struct {
	Recordings []*ledger.Sidecar // the newest first
	Total      int               // that match, also those not in the page
	More       bool              // there are older ones
}

// Page returns the recordings that a query picks, the newest first. It reads the sidecars
// of these alone; those that cannot be read are passed over: Verify names them.
func (s *Shelf) Page(ctx context.Context, q index.Query) (Page, error) {
	var p Page
	root := s.root()
	if root == nil {
		return p, nil // nothing was ever recorded
	}
	files, total, more, err := s.index.Find(ctx, root, q)
	if err != nil {
		return p, err
	}
	p.Total, p.More = total, more
	for _, file := range files {
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
		rec, err := ledger.ReadSidecar(root, file)
		switch {
		case err == nil:
			p.Recordings = append(p.Recordings, s.now(rec))
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
			p.Total--
		}
	}
	return p, nil
}
