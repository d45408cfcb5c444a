package sink

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"rms/media"
	"rms/media/codec"
	"rms/media/wire/rst"
)

// rstSide is one direction of a call: R from the caller, W to it.
type rstSide struct {
	stream  *rstStream
	lane    *lane
	party   string // whose number is in the name of the hex file
	pt      uint8
	decoder media.Decoder // of pt, where it has state
	pcm     []int16

	raw, hex dump
}

// dump is a file that takes the payload as it came, or as text.
type dump struct {
	file *os.File
	out  *bufio.Writer
	name string
}

// payload takes the audio of one datagram; network says that linear audio is
// big-endian.
func (v *rstSide) payload(pt uint8, b []byte, at time.Time, network bool) {
	st := v.stream
	if len(b) == 0 {
		st.board.add("rst_empty")
		return
	}
	st.arrive(v.lane, at, len(b))
	o := &st.board.o.RST
	if o.Raw {
		v.keep(&v.raw, st.base, "-"+v.lane.side+".pcm", b)
	}
	if o.Hex {
		v.keep(&v.hex, st.uuid+"_"+rst.FileName(v.party), ".hex", hexBytes(b))
	}
	name, format, ok := v.decode(pt, b, network)
	if !ok {
		st.board.add("rst_not_decoded")
		st.mu.Lock()
		v.lane.codec, v.lane.format = name, media.Format{Rate: 8000, Channels: 1}
		st.mu.Unlock()
		return
	}
	st.audio(v.lane, v.pcm, format, name)
}

// decode turns a payload into v.pcm. G.729, G.723 and whatever else rms has no decoder
// for are only kept as they came.
func (v *rstSide) decode(pt uint8, b []byte, network bool) (name string, f media.Format, ok bool) {
	v.pcm = v.pcm[:0]
	f = media.Format{Rate: 8000, Channels: 1}
	switch {
	case pt == rst.PCMU:
		for _, c := range b {
			v.pcm = append(v.pcm, media.MulawToLinear[c])
		}
		return "PCMU", f, true
	case pt == rst.PCMA:
		for _, c := range b {
			v.pcm = append(v.pcm, media.AlawToLinear[c])
		}
		return "PCMA", f, true
	case pt == rst.L16:
		for ; len(b) >= 2; b = b[2:] {
			u := binary.LittleEndian.Uint16(b)
			if network {
				u = binary.BigEndian.Uint16(b)
			}
			v.pcm = append(v.pcm, int16(u))
		}
		return "L16", f, true
	}
	c, known := codec.Static(pt)
	if !known {
		return fmt.Sprintf("PT%02d", pt), f, false
	}
	if v.decoder == nil || v.pt != pt {
		v.decoder, v.pt = c.NewDecoder(), pt
	}
	v.pcm = v.decoder.Decode(v.pcm, b)
	return c.Name, c.Format(), true
}

// hexBytes writes two hex digits a byte: " 0xd5 0x00".
func hexBytes(b []byte) []byte {
	out := make([]byte, 0, 5*len(b))
	for _, c := range b {
		out = fmt.Appendf(out, " 0x%02x", c)
	}
	return out
}

// keep appends to a file, which its first bytes make.
func (v *rstSide) keep(d *dump, base, tail string, b []byte) {
	dir := v.stream.board.dir
	if dir == nil || v.stream.broken {
		return
	}
	var err error
	if d.file == nil {
		if d.file, d.name, err = dir.create(base, tail); err == nil {
			d.out = bufio.NewWriter(d.file)
		}
	}
	if err == nil {
		_, err = d.out.Write(b)
	}
	if err != nil {
		v.stream.fileError(v.lane, err)
	}
}

// flush writes what waits, once a second.
func (v *rstSide) flush() {
	for _, d := range []*dump{&v.raw, &v.hex} {
		if d.out != nil {
			_ = d.out.Flush() // the next Write says what is wrong
		}
	}
}

// close ends the files of payload; the stream ends those of audio.
func (v *rstSide) close() {
	for _, d := range []*dump{&v.raw, &v.hex} {
		if d.file == nil {
			continue
		}
		err := d.out.Flush()
		if bad := d.file.Close(); err == nil {
			err = bad
		}
		if err != nil {
			v.stream.fileError(v.lane, err)
		}
		v.stream.extra = append(v.stream.extra, d.name)
	}
}

// fileName is that of the side in the call record.
func (v *rstSide) fileName() string {
	switch {
	case v.raw.file != nil:
		return v.raw.name
	case v.lane.out != nil && len(v.lane.out.names) > 0:
		return v.lane.out.names[0]
	}
	return ""
}
