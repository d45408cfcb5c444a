package recordcmd

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"rms/cmd/rms/ctl"
	"rms/media/record/ledger"
)

// owned is a folder whose books a server has open. What is meant is found in the folder,
// and done by the server: another one, which is where this one was looked for, must not
// hear or remove its own "last" instead.
type owned struct {
	*server
	folder *folder
}

func (o *owned) find(ctx context.Context, ref string) (*ledger.Sidecar, error) {
	rec, err := o.folder.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	var answer *ctl.Error
	if _, err := o.get(ctx, rec.ID); errors.As(err, &answer) && answer.Status == http.StatusNotFound {
		return nil, fmt.Errorf("%s belongs to a server that runs, and the one at %s has other recordings: say where with --socket or --url in place of --root",
			o.folder.name, o.c.Place())
	} else if err != nil {
		return nil, err
	}
	return rec, nil
}

func (o *owned) close() {
	o.server.close()
	o.folder.close()
}
