package codec

// tableDecoder decodes one byte a sample by a table: the two laws of G.711.
type tableDecoder struct {
	table *[256]int16
	plc   concealer
}

func newTableDecoder(table *[256]int16) *tableDecoder {
	return &tableDecoder{table: table, plc: newConcealer(8000)}
}

func (d *tableDecoder) Decode(dst []int16, payload []byte) []int16 {
	dst, out := extend(dst, len(payload))
	for i, c := range payload[:len(out)] {
		out[i] = d.table[c]
	}
	d.plc.heard(out)
	return dst
}

// Skim passes a packet over.
func (d *tableDecoder) Skim(dst []int16, payload []byte) []int16 {
	dst, _ = extend(dst, len(payload))
	return dst
}

func (d *tableDecoder) Conceal(dst []int16, n int) []int16 { return d.plc.conceal(dst, n) }

func (d *tableDecoder) Reset() { d.plc.reset() }

// extend makes dst longer by n and returns it with its new part. It allocates
// only when dst has no room; the new part is not cleared.
func extend[T byte | int16](dst []T, n int) (all, added []T) {
	had := len(dst)
	if had+n > cap(dst) {
		dst = append(dst, make([]T, n)...)
	}
	dst = dst[:had+n]
	return dst, dst[had:]
}
