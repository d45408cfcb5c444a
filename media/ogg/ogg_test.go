package ogg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	"rms/media/ogg"
)

const (
	continued = 1
	first     = 2
	last      = 4
)

// checksum computes the sum of a page bit by bit.
func checksum(b []byte) uint32 {
	r := uint32(0)
	for _, v := range b {
		r ^= uint32(v) << 24
		for range 8 {
			top := r >> 31
			r <<= 1
			if top != 0 {
				r ^= 0x04c11db7
			}
		}
	}
	return r
}

// page builds one page from its lacing and body.
func page(flags byte, granule int64, serial, sequence uint32, lacing, body []byte) []byte {
	b := append([]byte("OggS\x00"), flags)
	b = binary.LittleEndian.AppendUint64(b, uint64(granule))
	b = binary.LittleEndian.AppendUint32(b, serial)
	b = binary.LittleEndian.AppendUint32(b, sequence)
	b = append(b, 0, 0, 0, 0, byte(len(lacing)))
	b = append(append(b, lacing...), body...)
	binary.LittleEndian.PutUint32(b[22:], checksum(b))
	return b
}

// whole builds a page of whole packets shorter than 255 bytes.
func whole(flags byte, granule int64, serial, sequence uint32, packets ...string) []byte {
	var lacing, body []byte
	for _, p := range packets {
		lacing = append(lacing, byte(len(p)))
		body = append(body, p...)
	}
	return page(flags, granule, serial, sequence, lacing, body)
}

type got struct {
	data        string
	granule     int64
	first, last bool
	lost        bool
}

func read(t *testing.T, r *ogg.Reader) []got {
	t.Helper()
	var all []got
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, got{string(p.Data), p.Granule, p.First, p.Last, p.Lost})
	}
}

func check(t *testing.T, all, want []got) {
	t.Helper()
	if len(all) != len(want) {
		t.Fatalf("%d packets, want %d: %+v", len(all), len(want), all)
	}
	for i := range want {
		if all[i] != want[i] {
			t.Errorf("packet %d is %.100v, want %.100v", i, all[i], want[i])
		}
	}
}

func TestPacketsOfPagesAreRead(t *testing.T) {
	t.Parallel()
	data := bytes.Join([][]byte{
		whole(first, 0, 7, 0, "head"), whole(0, 20, 7, 1, "a", "", "bc"), whole(last, 30, 7, 2, "d"),
	}, nil)
	r := ogg.NewReader(data, nil)
	check(t, read(t, r), []got{
		{"head", 0, true, false, false},
		{"a", -1, false, false, false},
		{"", -1, false, false, false},
		{"bc", 20, false, false, false},
		{"d", 30, false, true, false},
	})
	if r.Damaged != 0 {
		t.Errorf("%d places are damaged", r.Damaged)
	}
}

func TestPacketsGoOverPages(t *testing.T) {
	t.Parallel()
	long := string(bytes.Repeat([]byte("x"), 600))
	data := bytes.Join([][]byte{
		whole(first, 0, 7, 0, "head"),
		page(0, 5, 7, 1, []byte{1, 255}, []byte("a"+long[:255])),
		page(continued, -1, 7, 2, []byte{255}, []byte(long[255:510])),
		page(continued|last, 9, 7, 3, []byte{90, 255, 0}, []byte(long[510:]+long[:255])),
	}, nil)
	check(t, read(t, ogg.NewReader(data, nil)), []got{
		{"head", 0, true, false, false}, {"a", 5, false, false, false}, {long, -1, false, false, false}, {long[:255], 9, false, true, false},
	})
}

func TestDamageCostsOnlyItsPage(t *testing.T) {
	t.Parallel()
	pages := [][]byte{whole(first, 0, 7, 0, "head"), whole(0, 1, 7, 1, "one"), whole(0, 2, 7, 2, "two"), whole(0, 3, 7, 3, "three")}
	for at := range len(pages[1]) {
		damaged := bytes.Clone(pages[1])
		damaged[at] ^= 0x20
		data := bytes.Join([][]byte{[]byte("junk OggS junk"), pages[0], damaged, pages[2], []byte("OggOggS"), pages[3], pages[3][:20]}, nil)
		r := ogg.NewReader(data, nil)
		check(t, read(t, r), []got{{"head", 0, true, false, false}, {"two", 2, false, false, true}, {"three", 3, false, false, false}})
		if r.Damaged == 0 {
			t.Error("no damage was counted")
		}
	}
}

func TestPacketWithAMissingPageIsDropped(t *testing.T) {
	t.Parallel()
	x := bytes.Repeat([]byte("x"), 255)
	data := bytes.Join([][]byte{
		whole(first, 0, 7, 0, "head"), page(0, -1, 7, 1, []byte{255}, x),
		page(continued, 3, 7, 3, []byte{255, 3, 1}, append(bytes.Clone(x), "endb"...)),
	}, nil)
	check(t, read(t, ogg.NewReader(data, nil)), []got{{"head", 0, true, false, false}, {"b", 3, false, false, true}})
	// A page that does not go on with the packet ends it too.
	data = bytes.Join([][]byte{whole(first, 0, 7, 0, "head"), page(0, -1, 7, 1, []byte{255}, x), whole(0, 3, 7, 2, "b")}, nil)
	check(t, read(t, ogg.NewReader(data, nil)), []got{{"head", 0, true, false, false}, {"b", 3, false, false, true}})
}

func TestOneStreamOfManyIsFollowed(t *testing.T) {
	t.Parallel()
	data := bytes.Join([][]byte{
		whole(first, 0, 1, 0, "video"), whole(first, 0, 2, 0, "audio"), whole(first, 0, 3, 0, "audio too"),
		whole(0, 1, 1, 1, "v"), whole(0, 1, 2, 1, "a"), whole(0, 1, 3, 1, "b"), whole(last, 2, 2, 2, "c"), whole(last, 2, 1, 2, "w"),
	}, nil)
	r := ogg.NewReader(data, func(b []byte) bool { return bytes.HasPrefix(b, []byte("audio")) })
	check(t, read(t, r), []got{{"audio", 0, true, false, false}, {"a", 1, false, false, false}, {"c", 2, false, true, false}})
	if all := read(t, ogg.NewReader(data, func([]byte) bool { return false })); all != nil {
		t.Error(all)
	}
}

func TestChainedStreamsFollow(t *testing.T) {
	t.Parallel()
	data := bytes.Join([][]byte{
		whole(first, 0, 1, 0, "head"), whole(last, 1, 1, 1, "a"), whole(first, 0, 2, 0, "head2"), whole(last, 1, 2, 1, "b"),
		// The same number again, and no end of the stream before it.
		whole(first, 0, 2, 0, "head3"), whole(0, 1, 2, 1, "c"),
	}, nil)
	check(t, read(t, ogg.NewReader(data, nil)), []got{
		{"head", 0, true, false, false},
		{"a", 1, false, true, false},
		{"head2", 0, true, false, false},
		{"b", 1, false, true, false},
		{"head3", 0, true, false, false},
		{"c", 1, false, false, false},
	})
}

func TestPacketsAreBounded(t *testing.T) {
	t.Parallel()
	lacing, body := bytes.Repeat([]byte{255}, 255), make([]byte, 255*255)
	data := whole(first, 0, 7, 0, "head")
	for i := range uint32(20) {
		data = append(data, page(continued, -1, 7, i+1, lacing, body)...)
	}
	r := ogg.NewReader(data, nil)
	for i := range 2 {
		_, err := r.Next()
		if i == 0 && err != nil {
			t.Fatal(err)
		}
		if i == 1 && !errors.Is(err, io.EOF) {
			t.Errorf("a continued packet without a beginning: %v", err)
		}
	}
	data = whole(first, 0, 7, 0, "head")
	for i := range uint32(20) {
		data = append(data, page(byte(min(i, 1)), -1, 7, i+1, lacing, body)...)
	}
	r = ogg.NewReader(data, nil)
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); !errors.Is(err, ogg.ErrPacket) {
		t.Errorf("%v, want ErrPacket", err)
	}
}

// TestFalsePagesTakeLittleTime has a page begin in every 300 bytes, each of which
// says that it is as long as a page can be and has a wrong checksum.
func TestFalsePagesTakeLittleTime(t *testing.T) {
	t.Parallel()
	fake := append(append([]byte("OggS"), make([]byte, 22)...), 255)
	fake = append(fake, bytes.Repeat([]byte{255}, 255)...)
	data := bytes.Repeat(fake, 4<<20/len(fake))
	begun := time.Now()
	if all := read(t, ogg.NewReader(data, nil)); all != nil {
		t.Error(all)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(bytes.Join([][]byte{whole(first, 0, 1, 0, "head"), whole(last, 1, 1, 1, "a")}, nil))
	f.Add(page(continued, 5, 7, 1, []byte{255, 255, 0}, make([]byte, 510)))
	f.Add([]byte("OggS"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := ogg.NewReader(data, nil)
		total := 0
		for {
			p, err := r.Next()
			if err != nil {
				return
			}
			if total += len(p.Data); total > len(data) {
				t.Fatalf("%d bytes of packets in %d bytes", total, len(data))
			}
		}
	})
}
