// Package upload takes finished recordings to where they belong: S3-compatible storage,
// or an HTTP server. What waits lies in a queue on the disk and is tried again over
// restarts until it has arrived and its checksum is found right there. No call ever
// waits for it.
//
//	q, err := upload.Open(upload.Options{Root: root, To: upload.Target{URL: "s3://bucket/calls"}, Events: events})
//	err = q.Add(upload.Item{ID: id, File: "a.wav", Sidecar: "a.wav.json", Bytes: n, SHA256: sum})
//	defer q.Close(ctx)
package upload
