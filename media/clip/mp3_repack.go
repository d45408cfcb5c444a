package clip

// In MPEG 2 the decoder adds the padding to twice the length of a frame and then halves
// it, so that it loses the last byte of most padded frames at 22050 Hz. What follows is
// then found one byte off by all frames that borrow from those before, and is noise.
// So these frames are packed anew, without padding, with lengths that it gets right.

// mp3Reservoir is how many bytes before its own a frame of MPEG 2 can begin with.
const mp3Reservoir = 255

// mp3Frame is one frame of MPEG 2.
type mp3Frame struct {
	head  [4]byte
	side  [17]byte // information about the granule, of a single channel in 9 bytes
	begin int      // where its audio begins in the audio of all
	end   int
	lead  int // how much of its audio lies in the frame before
}

// repack returns the frames of data in lengths that the decoder gets right.
func repack(data []byte) []byte {
	frames, audio := splitMP3(data)
	// From the last to the first: what does not fit goes into the frame before.
	for i := len(frames) - 1; i >= 0; i-- {
		f, tail := &frames[i], 0
		if i+1 < len(frames) {
			tail = frames[i+1].lead
		}
		over := f.end - f.begin + tail - f.room(len(bitrates2)-1)
		f.lead = max(0, over)
		if most := mp3Reservoir; i == 0 || over > most {
			if i == 0 {
				most = 0
			}
			f.lead = min(f.lead, most)
			f.end -= max(0, over-most)
			f.end = max(f.end, f.begin+f.lead)
		}
	}
	var out []byte
	for i := range frames {
		var next []byte
		if i+1 < len(frames) {
			n := &frames[i+1]
			next = audio[n.begin : n.begin+n.lead]
		}
		out = frames[i].append(out, audio[frames[i].begin+frames[i].lead:frames[i].end], next)
	}
	return out
}

// splitMP3 takes the frames of data apart. The audio of a frame ends where that of the
// next one begins, which is in the frame's own bytes or in those before them.
func splitMP3(data []byte) (frames []mp3Frame, audio []byte) {
	for len(data) > 0 {
		h, ok := readMP3Header(data)
		if !ok || h.version != 2 || h.size > len(data) {
			data = data[1:]
			continue
		}
		f := mp3Frame{head: [4]byte(data[:4])}
		at, size := 4, f.sideBytes()
		if h.crc {
			at += 2
		}
		if h.size < at+size {
			data = data[h.size:]
			continue
		}
		copy(f.side[:size], data[at:])
		f.begin = len(audio) - int(f.side[0])
		if f.begin < 0 {
			// What it begins with was never there: silence.
			f.side = [17]byte{}
			f.begin = len(audio)
		}
		if n := len(frames); n > 0 {
			f.begin = max(f.begin, frames[n-1].begin)
			frames[n-1].end = f.begin
		}
		audio = append(audio, data[at+size:h.size]...)
		f.end = len(audio)
		frames, data = append(frames, f), data[h.size:]
	}
	return frames, audio
}

// sideBytes is the length of the information about the granule.
func (f *mp3Frame) sideBytes() int {
	if f.head[3]>>6 == 3 {
		return 9
	}
	return 17
}

// room is how much audio a frame of this bit rate holds, without padding.
func (f *mp3Frame) room(bitrate int) int {
	return 72000*bitrates2[bitrate]/22050 - len(f.head) - f.sideBytes()
}

// append writes the frame with its own audio, and at its end the first part of that of
// the next one, in the lowest bit rate that has the room.
func (f *mp3Frame) append(out, own, next []byte) []byte {
	bitrate := 1
	for f.room(bitrate) < len(own)+len(next) && bitrate < len(bitrates2)-1 {
		bitrate++
	}
	f.head[1] |= 1 // no checksum
	f.head[2] = byte(bitrate)<<4 | f.head[2]&0b1101
	f.side[0] = byte(f.lead)
	out = append(append(out, f.head[:]...), f.side[:f.sideBytes()]...)
	out = append(out, own...)
	for range f.room(bitrate) - len(own) - len(next) {
		out = append(out, 0)
	}
	return append(out, next...)
}
