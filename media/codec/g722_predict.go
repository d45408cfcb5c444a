package codec

// predict adapts the predictor to the quantized difference d and computes the
// prediction of the next sample (G.722 section 6.2.1.4, block 4). Each sign test
// is a mask: 0 where signs agree, -1 where they differ. |d| stays below 10300,
// so that d doubled needs no limit, and the b never leave 16 bits.
func (b *g722Band) predict(d int32) {
	p, r := d+b.sz, clamp16(b.s+d)
	b.adaptPoles(p)
	r = clamp16(2 * r)
	poles := clamp16((b.a1*r)>>15 + (b.a2*b.r1)>>15)
	b.r1 = r
	b.p1, b.p2 = p, b.p1
	b.sz = b.adaptZeros(d)
	b.s = clamp16(poles + b.sz)
}

// adaptPoles moves the pole coefficients by the signs of the partial
// reconstruction and keeps them inside the region of stability.
func (b *g722Band) adaptPoles(p int32) {
	differ1, differ2 := (p^b.p1)>>31, (p^b.p2)>>31
	w := clamp16(4 * b.a1)
	w = min((w^^differ1)-^differ1, 32767) >> 7 // minus w where signs agree
	a2 := w + (128 ^ differ2) - differ2 + (b.a2*32512)>>15
	a2 = min(max(a2, -12288), 12288)
	a1 := (192 ^ differ1) - differ1 + (b.a1*32640)>>15
	b.a1 = min(max(a1, a2-15360), 15360-a2)
	b.a2 = a2
}

// adaptZeros moves the zero coefficients, shifts d into their delay line and
// returns their part of the next prediction. The sum is limited at each of its
// steps, from the oldest tap on.
func (b *g722Band) adaptZeros(d int32) int32 {
	gain := int32(128)
	if d == 0 {
		gain = 0
	}
	d1, d2, d3, d4, d5, d6 := b.d[0], b.d[1], b.d[2], b.d[3], b.d[4], b.d[5]
	b6 := leak(b.b[5], gain, (d^d6)>>31)
	b5 := leak(b.b[4], gain, (d^d5)>>31)
	b4 := leak(b.b[3], gain, (d^d4)>>31)
	b3 := leak(b.b[2], gain, (d^d3)>>31)
	b2 := leak(b.b[1], gain, (d^d2)>>31)
	b1 := leak(b.b[0], gain, (d^d1)>>31)
	// One by one: whole arrays would be built beside and copied.
	b.b[0], b.b[1], b.b[2], b.b[3], b.b[4], b.b[5] = b1, b2, b3, b4, b5, b6
	b.d[0], b.d[1], b.d[2], b.d[3], b.d[4], b.d[5] = d, d1, d2, d3, d4, d5
	sum := clamp16((b6*d5)>>14 + (b5*d4)>>14)
	sum = clamp16(sum + (b4*d3)>>14)
	sum = clamp16(sum + (b3*d2)>>14)
	sum = clamp16(sum + (b2*d1)>>14)
	return clamp16(sum + (b1*d)>>14)
}

// leak takes 1/256 off a coefficient, rounding down, and adds or subtracts gain.
func leak(b, gain, differ int32) int32 {
	return b + (-b)>>8 + (gain ^ differ) - differ
}
