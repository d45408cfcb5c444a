package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"rms/config"
	"rms/media/record"
	"rms/media/record/ledger"
	"rms/media/record/seal"
	"rms/media/record/upload"
)

// dialFunc opens a connection under the rule of where this server may connect to.
type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// startKeeper begins to deliver what is recorded, and repairs what a crash left.
func (s *server) startKeeper(cfg *config.Config) error {
	if s.keeper == nil {
		return nil
	}
	to := string(cfg.Upload.To)
	if strings.HasPrefix(to, "s3:") {
		to = cfg.Upload.Endpoint
	}
	dial, err := configuredDialer(to, s.isOwn)
	if err != nil {
		return usageError{fmt.Errorf("%w (upload.to)", err)}
	}
	return s.keeper.start(s.calls.Uploads(), dial.DialContext)
}

// openQueue delivers recordings to upload.to.
func (k *keeper) openQueue(events upload.Events, dial dialFunc) error {
	u := &k.cfg.Upload
	if u.To == "" {
		return nil
	}
	root, _ := k.opened()
	o := upload.Options{
		Root: root, To: uploadTarget(u), During: u.During, Stall: u.Timeout, Events: &delivered{k, events}, Dial: dial, Agent: "rms/" + version(),
	}
	if !u.KeepLocal {
		o.Remove = k.removeDelivered
	}
	var err error
	if k.queue, err = upload.Open(o); err != nil {
		return usageError{fmt.Errorf("%w (upload.to)", err)}
	}
	k.log.Info().Str("to", o.To.Host()).Int("waiting", k.queue.Stats().Waiting).Msg("recordings are delivered")
	return nil
}

// uploadTarget takes the keys of S3 from where its tools look for them when the
// configuration has none.
func uploadTarget(u *config.Upload) upload.Target {
	t := upload.Target{
		URL: string(u.To), Endpoint: u.Endpoint, Region: u.Region, AccessKey: u.AccessKey, SecretKey: u.SecretKey.Reveal(), Token: u.Token.Reveal(), CAFile: u.TLSCA,
	}
	if t.AccessKey == "" {
		t.AccessKey = os.Getenv("AWS_ACCESS_KEY_ID")
	}
	if t.SecretKey == "" {
		t.SecretKey = os.Getenv("AWS_SECRET_ACCESS_KEY")
	}
	return t
}

// itemOf is what is delivered of a recording: with the tail that a crash left of an
// encrypted one.
func (k *keeper) itemOf(sc *ledger.Sidecar) upload.Item {
	i := upload.Item{ID: sc.ID, Call: sc.Call, File: sc.File, Sidecar: ledger.SidecarName(sc.File), Bytes: sc.Bytes, SHA256: sc.SHA256}
	if root, _ := k.opened(); root != nil && len(sc.EncryptedTo) > 0 {
		if _, err := root.Lstat(sc.File + seal.TailSuffix); err == nil {
			i.Tail, i.TailSum = sc.File+seal.TailSuffix, sc.Tail
		}
	}
	return i
}

// started lets the parts of a recording go while it is made. It is record.Options.Started.
func (k *keeper) started(r *record.Recording) {
	if k.queue == nil || !k.cfg.Upload.During {
		return
	}
	item := upload.Item{ID: r.ID(), Call: r.Call(), File: r.File(), Sidecar: ledger.SidecarName(r.File())}
	if err := k.queue.Start(item, r.Settled); err != nil {
		k.log.Error().Err(err).Str("file", r.File()).Msg("recording cannot be delivered while it is made")
	}
}

// stopped hands a recording that is complete to the queue. It is record.Options.Stopped.
func (k *keeper) stopped(r *record.Recording, result record.Result) {
	if result.Bytes > 0 {
		k.add(&result.Sidecar)
		return
	}
	if k.queue != nil && k.cfg.Upload.During { // the far end may take its time, a disk's goroutine may not
		k.wait.Go(func() { k.forget(r.ID()) })
	}
}

// forget drops what was sent of a recording of which nothing is left.
func (k *keeper) forget(id string) {
	if k.queue == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), forgetLimit)
	defer cancel()
	if err := k.queue.Forget(ctx, id); err != nil && !errors.Is(err, upload.ErrUnknown) {
		k.log.Warn().Err(err).Str("recording", id).Msg("parts of a recording that is gone may be left where it was sent")
	}
}

// forgetLimit is how long the far end may take to drop parts.
const forgetLimit = 5 * time.Second

// forgetLost drops recordings that were sent while they were made and that Repair did
// not find.
func (k *keeper) forgetLost() {
	if k.queue == nil {
		return
	}
	for _, s := range k.queue.All() {
		if s.State == upload.Live {
			k.forget(s.Item.ID)
		}
	}
}

func (k *keeper) add(sc *ledger.Sidecar) {
	if k.queue == nil {
		return
	}
	if err := k.queue.Add(k.itemOf(sc)); err != nil {
		k.log.Error().Err(err).Str("file", sc.File).Msg("recording cannot be queued for delivery")
	}
}

// deliver sends a recording again. It is shelf.Options.Deliver.
func (k *keeper) deliver(_ context.Context, sc *ledger.Sidecar) error {
	if k.queue == nil {
		return errors.New("recordings are delivered nowhere: set upload.to")
	}
	err := k.queue.Retry(sc.ID)
	if errors.Is(err, upload.ErrUnknown) {
		return k.queue.Add(k.itemOf(sc))
	}
	return err
}

// waits tells whether a recording has still to be delivered: retention leaves it alone.
func (k *keeper) waits(sc *ledger.Sidecar) bool {
	if k.queue == nil {
		return false
	}
	_, queued := k.queue.Status(sc.ID)
	return queued
}

// removeDelivered removes the copy that lies here.
func (k *keeper) removeDelivered(i upload.Item, url string) error {
	_, books := k.opened()
	err := books.Tombstone(i.File, "rms", "delivered to "+url)
	if errors.Is(err, ledger.ErrHeld) || errors.Is(err, os.ErrNotExist) {
		return nil // it stays, or went before
	}
	return err
}

// delivered writes into the sidecar what becomes of a delivery, and tells the calls.
type delivered struct {
	k    *keeper
	next upload.Events
}

// Uploaded is part of upload.Events.
func (d *delivered) Uploaded(u upload.Delivery) {
	d.note(u.File, ledger.Upload{
		URL: u.URL, State: "done", At: time.Now().UTC(), Bytes: u.Bytes, SHA256: u.SHA256, Attempts: u.Attempts,
	})
	d.k.log.Info().Str("file", u.File).Str("to", u.URL).Int64("bytes", u.Bytes).Bool("verified", u.Verified).Int("attempts", u.Attempts).
		Msg("recording delivered")
	d.next.Uploaded(u)
}

// Failed is part of upload.Events.
func (d *delivered) Failed(f upload.Failure) {
	if f.Next.IsZero() {
		d.note(f.File, ledger.Upload{URL: f.URL, State: "failed", At: time.Now().UTC(), Attempts: f.Attempts, Error: f.Err.Error()})
	}
	d.k.log.Warn().Err(f.Err).Str("file", f.File).Int("attempts", f.Attempts).Time("next", f.Next).Msg("recording not delivered")
	d.next.Failed(f)
}

// maxUploads bounds what a sidecar tells of deliveries.
const maxUploads = 10

// note writes it into the sidecar, unless that went with its recording.
func (d *delivered) note(file string, u ledger.Upload) {
	_, books := d.k.opened()
	if books == nil {
		return
	}
	err := books.Change(file, func(sc *ledger.Sidecar) error {
		if sc.Uploads = append(sc.Uploads, u); len(sc.Uploads) > maxUploads {
			sc.Uploads = sc.Uploads[len(sc.Uploads)-maxUploads:]
		}
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		d.k.log.Warn().Err(err).Str("file", file).Msg("the sidecar does not tell of a delivery")
	}
}
