//go:build !unix

package httpapi

import "time"

// taken is not known here.
func taken() (cpu time.Duration, rss uint64) { return 0, 0 }
