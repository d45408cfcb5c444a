package codec

// findPeriod returns the distance, in samples, at which the newest part of past
// repeats best. It looks coarsely on every second sample above 8 kHz, then
// finely around the best: 10 to 30 us, once a gap.
func findPeriod(past []int16, ms int) int {
	coarse := max(ms/8, 1)
	best, bestScore := plcMinLag*ms, float32(-1)
	for lag := plcMinLag * ms; lag <= plcMaxLag*ms; lag += coarse {
		if s := likeness(past, lag, plcMatchMs*ms, coarse); s > bestScore {
			best, bestScore = lag, s
		}
	}
	if coarse == 1 {
		return best
	}
	around := best
	bestScore = -1
	for lag := max(around-coarse, plcMinLag*ms); lag <= min(around+coarse, plcMaxLag*ms); lag++ {
		if s := likeness(past, lag, plcMatchMs*ms, 1); s > bestScore {
			best, bestScore = lag, s
		}
	}
	return best
}

// likeness is the normalized correlation, its square with its sign, of the newest
// n samples with those lag before them.
func likeness(past []int16, lag, n, every int) float32 {
	now := past[len(past)-n:]
	then := past[len(past)-n-lag:][:len(now)]
	var cross, power float32
	for i := 0; i < len(now); i += every {
		a, b := float32(now[i]), float32(then[i])
		cross += a * b
		power += b * b
	}
	if power == 0 {
		return -1
	}
	s := cross * cross / power
	if cross < 0 {
		return -s
	}
	return s
}
