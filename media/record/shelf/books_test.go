package shelf_test

import (
	"errors"
	"os"
	"testing"

	"rms/media/record/ledger"
	"rms/media/record/shelf"
	"rms/media/record/shelf/index"
)

func TestAFolderThatIsNotThereYetHasNoRecordings(t *testing.T) {
	t.Parallel()
	s := shelf.New(shelf.Options{Books: func() (*os.Root, *ledger.Ledger) { return nil, nil }})
	if _, err := s.Find(t.Context(), "0123456789abcdef"); !errors.Is(err, shelf.ErrNotFound) {
		t.Error(err)
	}
	if p, err := s.Page(t.Context(), index.Query{}); err != nil || p.Total != 0 || len(p.Recordings) != 0 {
		t.Error(p, err)
	}
}
