package sink

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// recordTime is how call records write a time, in the zone of the machine.
const recordTime = "2006-01-02 15:04:05"

// record appends the line of a call to <unix time of the hang-up>.log.
func (s *rstServer) record(st *rstStream, ended time.Time) error {
	dir := s.board.o.RST.CDRDir
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	name := filepath.Join(dir, strconv.FormatInt(ended.Unix(), 10)+".log")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "caller:%s,callee:%s,R:%s,W:%s,callin time:%s,hangup time:%s\r\n",
		recorded(st.caller), recorded(st.callee), st.sides[0].fileName(), st.sides[1].fileName(),
		st.started.Format(recordTime), ended.Format(recordTime))
	return errors.Join(err, f.Close())
}

// recorded keeps a number inside its field: the packet has no control characters, a
// comma is written as %2C.
func recorded(party string) string { return strings.ReplaceAll(party, ",", "%2C") }
