package shelf_test

import (
	"errors"
	"os"
	"testing"

	"rms/media/record/ledger"
	"rms/media/record/shelf"
)

func TestAFolderThatIsNotThereYetHasNoRecordings(t *testing.T) {
	t.Parallel()
	s := shelf.New(shelf.Options{Books: func() (*os.Root, *ledger.Ledger) { return nil, nil }})
	if _, err := s.Find(t.Context(), "0123456789abcdef"); !errors.Is(err, shelf.ErrNotFound) {
		t.Error(err)
	}
	n := 0
	if err := s.List(t.Context(), ledger.Filter{}, func(*ledger.Sidecar) bool { n++; return true }); err != nil || n != 0 {
		t.Error(n, err)
	}
}
