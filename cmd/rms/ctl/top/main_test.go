package top

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC // the pictures show times
	goleak.VerifyTestMain(m)
}
