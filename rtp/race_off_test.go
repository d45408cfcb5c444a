//go:build !race

package rtp_test

const hour = 60 // minutes
