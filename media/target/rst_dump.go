package target

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"

	"rms/media/wire/rst"
)

// rstDumpFrames is how many frames wait for the disk: a second of both sides.
const rstDumpFrames = 100

// rstDump writes the payloads of a stream as text, one file a side: write-hex of
// rst.conf.xml. Its goroutine alone touches the disk.
type rstDump struct {
	dir   string
	names []string
	lost  atomic.Uint64

	full, free chan *rstBlock
	quit       chan struct{} // closed by stop
	done       chan struct{} // closed when the files are
	problem    atomic.Pointer[error]
	wake       func() // called when there is a problem
}

type rstBlock struct {
	side    int
	payload []byte
}

func newRSTDump(o *Options, size int, wake func()) *rstDump {
	d := &rstDump{
		dir: o.HexDir, names: rstDumpNames(o), wake: wake,
		full: make(chan *rstBlock, rstDumpFrames), free: make(chan *rstBlock, rstDumpFrames),
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	for range rstDumpFrames {
		d.free <- &rstBlock{payload: make([]byte, 0, size)}
	}
	go d.run()
	return d
}

// rstDumpNames are "<uuid>_<caller>.hex" and "<uuid>_<callee>.hex".
func rstDumpNames(o *Options) []string {
	id := rst.FileName(rstID(o))
	caller, callee := rst.FileName(o.Caller), rst.FileName(o.Callee)
	if caller == callee {
		callee += "-W"
	}
	return []string{id + "_" + caller + ".hex", id + "_" + callee + ".hex"}[:o.Format.Channels]
}

// put queues a payload, or drops and counts it.
func (d *rstDump) put(side int, payload []byte) {
	select {
	case b := <-d.free:
		b.side, b.payload = side, append(b.payload[:0], payload...)
		d.full <- b // has room for all blocks
	default:
		d.lost.Add(1)
	}
}

// stop makes the goroutine write what is queued and end; it is called once.
func (d *rstDump) stop() { close(d.quit) }

// wait returns when the files are closed, or ctx is done.
func (d *rstDump) wait(ctx context.Context) {
	select {
	case <-d.done:
	case <-ctx.Done():
	}
}

// failed returns a problem once.
func (d *rstDump) failed() error {
	if p := d.problem.Swap(nil); p != nil {
		return *p
	}
	return nil
}

func (d *rstDump) fail(err error) {
	err = fmt.Errorf("hex dump in %q: %w", d.dir, err)
	d.problem.Store(&err)
	d.wake()
}

func (d *rstDump) run() {
	defer close(d.done)
	files, err := d.open()
	if err != nil {
		d.fail(err)
	}
	d.drain(files, err != nil)
	for _, f := range files {
		if err := f.Close(); err != nil {
			d.fail(err)
		}
	}
}

// drain writes until stop; once broken it only counts.
func (d *rstDump) drain(files []*os.File, broken bool) {
	var text []byte
	for b := d.next(); b != nil; b = d.next() {
		if !broken {
			text = appendHex(text[:0], b.payload)
			if _, err := files[b.side].Write(text); err != nil {
				broken = true
				d.fail(err)
			}
		}
		if broken {
			d.lost.Add(1)
		}
		d.free <- b
	}
}

// next returns what was queued first, nil after stop when nothing is left.
func (d *rstDump) next() *rstBlock {
	select {
	case b := <-d.full:
		return b
	default:
	}
	select {
	case b := <-d.full:
		return b
	case <-d.quit:
	}
	select { // both were ready and the choice is at random
	case b := <-d.full:
		return b
	default:
		return nil
	}
}

// open makes the folder and the files. Nothing outside the folder is written, even
// when a link in it points there.
func (d *rstDump) open() ([]*os.File, error) {
	if err := os.MkdirAll(d.dir, 0o750); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var files []*os.File
	for _, name := range d.names {
		f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
		if err != nil {
			return files, err
		}
		files = append(files, f)
	}
	return files, nil
}

// appendHex writes each byte as a space, 0x and two digits. The original printed a
// signed char, so that 0xd5 became 0xffffffd5.
func appendHex(dst, b []byte) []byte {
	const digits = "0123456789abcdef"
	for _, c := range b {
		dst = append(dst, ' ', '0', 'x', digits[c>>4], digits[c&15])
	}
	return dst
}
