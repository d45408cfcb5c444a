//go:build linux

package interop_test

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"rms/media/audiotest"
)

const listenerAddr = "127.77.2.11:9092"

// asterisk sends what Asterisk 23.4.1 once sent, one message each 20 ms of audio, and
// collects the answer until the server or the recording ends.
type asterisk struct {
	t    *testing.T
	conn net.Conn
	got  chan []byte
}

func dialListener(t *testing.T) *asterisk {
	t.Helper()
	var conn net.Conn
	eventually(t, 30*time.Second, "the AudioSocket listener", func() (ok bool) {
		c, err := net.Dial("tcp", listenerAddr)
		conn = c
		return err == nil
	})
	a := &asterisk{t: t, conn: conn, got: make(chan []byte, 1)}
	go func() {
		all, _ := io.ReadAll(conn)
		a.got <- all
	}()
	t.Cleanup(func() { conn.Close() })
	return a
}

// play sends the messages of a recording as they were paced: audio by its length.
func (a *asterisk) play(recording []byte, rate int) {
	a.t.Helper()
	next := time.Now()
	for len(recording) >= 3 {
		size := 3 + int(binary.BigEndian.Uint16(recording[1:]))
		if _, err := a.conn.Write(recording[:size]); err != nil {
			a.t.Fatalf("the listener closed early: %v", err)
		}
		if recording[0] >= 0x10 && recording[0] <= 0x18 {
			next = next.Add(time.Duration(size-3) * time.Second / time.Duration(2*rate))
			time.Sleep(time.Until(next))
		}
		recording = recording[size:]
	}
}

// answer ends as Asterisk does, with a plain FIN, and returns what the server sent.
func (a *asterisk) answer() []byte {
	a.t.Helper()
	_ = a.conn.(*net.TCPConn).CloseWrite()
	select {
	case all := <-a.got:
		return all
	case <-time.After(30 * time.Second):
		a.t.Fatal("the listener does not close after a FIN")
		return nil
	}
}

// audioOf cuts a stream into its messages and returns the audio of one kind. Upstream
// Asterisk drops the call at any other type, and at audio without a sample; what came
// before the call's rate was known is silence at 8000 Hz.
func audioOf(t *testing.T, all []byte, rate byte) (pcm []int16) {
	t.Helper()
	for n := 0; len(all) > 0; n++ {
		if len(all) < 3 || len(all) < 3+int(binary.BigEndian.Uint16(all[1:])) {
			t.Fatalf("the last message is cut: % x", all[:min(len(all), 8)])
		}
		size := int(binary.BigEndian.Uint16(all[1:]))
		payload := samples(all[3 : 3+size])
		switch {
		case all[0] == rate && size > 0:
			pcm = append(pcm, payload...)
		case all[0] == 0x10 && size > 0 && len(pcm) == 0 && audiotest.Peak(payload) == 0:
		case all[0] == 0 && size == 0:
		default:
			t.Fatalf("message %d is % x: Asterisk would drop the call", n, all[:3])
		}
		all = all[3+size:]
	}
	return pcm
}

func TestRecordedCallsOfAsteriskAreAnsweredAndHeard(t *testing.T) {
	tests := []struct {
		file, id string
		rate     int
		kind     byte // of what we send back
		keys     string
	}{
		{"asterisk-audiosocket-application.bin", "40325ec2-5efd-4bd3-805f-53576e581d13", 8000, 0x10, "15#*"},
		{"asterisk-audiosocket-channel-slin16.bin", "", 16000, 0x12, "7"},
	}
	route := `
event_route["rms:start"] = function(call)
  xinfo("STREAM id||" .. call.id .. "|")
  rms_play{ file = "prompt.wav", route = "over" }
  rms_echo()
end
event_route["over"] = function(call) end
event_route["rms:dtmf"] = function(call) xinfo("STREAM key||" .. call.digit .. "|") end
event_route["rms:end"] = function(call) xinfo("STREAM over||" .. tostring(call.by) .. "|") end
`
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			need(t, "sox")
			recording, err := os.ReadFile(filepath.Join("testdata", test.file))
			if err != nil {
				t.Fatal(err)
			}
			s := startServer(t, firstServer, route, promptRoot(t), "--audiosocket", listenerAddr)
			a := dialListener(t)
			a.play(recording, test.rate)
			pcm := audioOf(t, a.answer(), test.kind)
			if id := s.moment(t, 1, "id").code; test.id != "" && id != test.id {
				t.Errorf("the call has the id %s, want %s", id, test.id)
			}
			for i, key := range test.keys {
				if m := s.moment(t, i+1, "key"); m.code != string(key) {
					t.Errorf("key %d is %s, want %c", i, m.code, key)
				}
			}
			if m := s.moment(t, 1, "over"); m.code != "caller" {
				t.Errorf("the call ended by %s", m.code)
			}
			heard := middle(pcm, test.rate)
			for _, hz := range []float64{400, promptHz} { // the echo of the recorded tone, and the prompt
				if level := audiotest.LevelAt(heard, test.rate, hz); level < -20 {
					t.Errorf("%.0f Hz came back at %.1f dBFS", hz, level)
				}
			}
		})
	}
}

func TestAUUIDThatIsLiveIsRefusedWithAHangUp(t *testing.T) {
	need(t, "sox")
	recording, err := os.ReadFile("testdata/asterisk-audiosocket-application.bin")
	if err != nil {
		t.Fatal(err)
	}
	startServer(t, firstServer, streams(""), promptRoot(t), "--audiosocket", listenerAddr)
	first := dialListener(t)
	first.play(recording[:19+20*slinBytes], 8000)
	second := dialListener(t)
	second.play(recording[:19], 8000)
	select {
	case all := <-second.got:
		if n := len(all); n < 3 || !slices.Equal(all[n-3:], []byte{0, 0, 0}) {
			t.Errorf("the second call of a UUID was answered with %s bytes that do not end in 00 00 00", strconv.Itoa(n))
		}
	case <-time.After(30 * time.Second):
		t.Error("the second call of a UUID stays connected")
	}
	first.answer()
}
