//go:build race

package rtp_test

// hour is shorter under the race detector, which is ten times slower.
const hour = 10
