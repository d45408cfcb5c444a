//go:build !race

package starlark_test

// race tells that the race detector is on: stacks are larger then.
const race = false
