//go:build linux && !rtp_portable

package rtp_test

const portable = false
