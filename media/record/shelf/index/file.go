package index

import (
	"crypto/rand"
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"path"
	"strings"
	"syscall"

	"rms/media/record/ledger"
)

// The index is kept in one file: the magic, the folders, and the CRC-32 of all before it.
// Numbers are varints, texts have their length in front.
const (
	magic   = "rms-list/1\n"
	maxFile = 512 << 20
)

var fileName = path.Join(ledger.Folder, "list")

// keep writes the index where the next program finds it. It can be made again at any
// time, so nothing is said when that fails.
func (i *Index) keep(root *os.Root) {
	i.fresh = 0
	temp := fileName + "-" + rand.Text()[:8] + ".tmp"
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return
	}
	_, err = f.Write(i.marshal())
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = root.Rename(temp, fileName)
	}
	if err != nil {
		_ = root.Remove(temp)
	}
}

// load reads what was kept. What is damaged is as good as nothing.
func (i *Index) load(root *os.Root) {
	i.loaded = true
	f, err := root.OpenFile(fileName, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO shall not hold us
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() || st.Size() > maxFile {
		return
	}
	if b, err := io.ReadAll(io.LimitReader(f, maxFile)); err == nil {
		if folders, ok := unmarshal(b); ok {
			i.folders = folders
		}
	}
}

func (i *Index) marshal() []byte {
	b := []byte(magic)
	text := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	number := func(n int64) { b = binary.AppendVarint(b, n) }
	number(int64(len(i.folders)))
	for dir, f := range i.folders {
		text(dir)
		number(f.mod)
		number(int64(len(f.subs)))
		for _, sub := range f.subs {
			text(sub)
		}
		number(int64(len(f.keys)))
		for n := range f.keys {
			k := &f.keys[n]
			text(k.file)
			text(k.id)
			text(k.call)
			text(k.state)
			number(k.began)
			number(k.mod)
			number(k.size)
		}
	}
	return seal(b)
}

// seal adds the checksum.
func seal(b []byte) []byte { return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }

// reader takes a kept index apart. After the first thing that is wrong it returns zeros.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) number() int64 {
	n, size := binary.Varint([]byte(r.rest[:min(len(r.rest), binary.MaxVarintLen64)]))
	if size <= 0 {
		r.bad, r.rest = true, ""
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) text() string {
	n, size := binary.Uvarint([]byte(r.rest[:min(len(r.rest), binary.MaxVarintLen64)]))
	if size <= 0 || n > uint64(len(r.rest)-size) { //nolint:gosec // never negative
		r.bad, r.rest = true, ""
		return ""
	}
	s := r.rest[size : size+int(n)] //nolint:gosec // no more than there is
	r.rest = r.rest[size+int(n):]   //nolint:gosec // no more than there is
	return s
}

// name is a text that can stand in a folder.
func (r *reader) name() string {
	s := r.text()
	if s == "" || s == "." || s == ".." || strings.ContainsAny(s, "/\x00") {
		r.bad = true
	}
	return s
}

func unmarshal(b []byte) (map[string]*folder, bool) {
	end := len(b) - 4
	if end < len(magic) || string(b[:len(magic)]) != magic || crc32.ChecksumIEEE(b[:end]) != binary.BigEndian.Uint32(b[end:]) {
		return nil, false
	}
	r := &reader{rest: string(b[len(magic):end])}
	folders := map[string]*folder{}
	for n := r.number(); n > 0 && !r.bad; n-- {
		dir := r.text()
		f := &folder{mod: r.number()}
		for n := r.number(); n > 0 && !r.bad; n-- {
			f.subs = append(f.subs, r.name())
		}
		for n := r.number(); n > 0 && !r.bad; n-- {
			f.keys = append(f.keys, key{
				file: r.name(), id: r.text(), call: r.text(), state: r.text(), began: r.number(), mod: r.number(), size: r.number(),
			})
		}
		folders[dir] = f
	}
	return folders, !r.bad
}
