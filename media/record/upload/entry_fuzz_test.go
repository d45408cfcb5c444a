package upload_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"rms/media/record/upload"
)

func FuzzQueueFile(f *testing.F) {
	f.Add([]byte(`{"version":"rms-upload/1","state":"waiting","item":{"id":"a","file":"d/a.wav","sidecar":"d/a.wav.json","bytes":10}}`))
	f.Add([]byte(`{"version":"rms-upload/1","state":"live","item":{"id":"a","file":"a.wav"},"multipart":{"upload":"x","part_size":5,"parts":[{"n":2,"size":5,"sha256":"` + strings.Repeat("0", 64) + `","etag":"e"}]}}`))
	f.Add([]byte(`{"version":"rms-upload/1","state":"failed","item":{"id":"..","file":"../a"}}`))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := upload.ParseEntry(b)
		if err != nil {
			return
		}
		i := e.Item
		if !filepath.IsLocal(i.File) || strings.ContainsAny(i.ID, "/\\\x00") || i.Bytes < 0 || i.Sidecar != "" && !filepath.IsLocal(i.Sidecar) {
			t.Fatalf("%+v", i)
		}
		text, err := json.Marshal(e)
		must(t, err)
		if _, err := upload.ParseEntry(text); err != nil {
			t.Fatalf("what was read is not read back: %v\n%s", err, text)
		}
	})
}
