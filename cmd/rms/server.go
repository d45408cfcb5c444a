package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/call/prompt"
	"rms/config"
	"rms/media"
	"rms/media/target"
	"rms/media/wire/audiosocket"
	"rms/rtp"
	"rms/scripting"
	"rms/scripting/esl"
	"rms/scripting/httpapi"
	"rms/scripting/webhook"
	"rms/sip"
)

// server is everything that rms serve runs, wired.
type server struct {
	log      zerolog.Logger
	level    *logLevel // nil when nothing is written
	records  *records  // nil when log.records is empty
	clock    *media.Shards
	engine   *rtp.Engine
	script   *scripting.Scripts
	calls    *call.Manager
	ua       *sip.UA
	trace    *tracer
	sockets  *audiosocket.Server // nil when audiosocket.listen is empty
	http     *httpapi.Server     // nil when http.listen and http.socket are
	webhook  *webhook.Hook       // nil when webhook.url is empty
	esl      *esl.Server
	keeper   *keeper // nil when record.root is empty
	draining atomic.Bool
	ending   chan struct{} // has a token when the server is to end after its last call
	own      atomic.Pointer[target.OwnSockets]
	maxCalls int
}

// watchInterval is how often script.watch looks at the files of the script.
const watchInterval = time.Second

// newServer starts a server. What it started is stopped again on error.
func newServer(cfg *config.Config, log zerolog.Logger, level *logLevel) (*server, error) {
	s := &server{log: log, level: level, trace: newTracer(log, cfg.Log.MaskDigits), ending: make(chan struct{}, 1)}
	maxCalls, err := capacity(cfg, log)
	if err != nil {
		return nil, err
	}
	s.maxCalls = maxCalls
	s.script, err = scripting.Open(scripting.Options{
		File: cfg.Script.File, Budget: cfg.Script.Budget, Memory: int64(cfg.Script.Memory), Log: log,
		Masked: cfg.Log.MaskDigits,
	})
	if err != nil {
		return nil, usageError{err}
	}
	prompts, err := prompt.New(prompt.Options{Roots: cfg.Media.Roots, Bytes: int64(cfg.Media.Cache)})
	if err != nil {
		s.script.Close()
		return nil, usageError{err}
	}
	streams, err := streamOptions(cfg, s.isOwn)
	if err != nil {
		s.script.Close()
		return nil, usageError{err}
	}
	if cfg.Log.Records != "" {
		if s.records, err = openRecords(cfg.Log.Records, log); err != nil {
			s.script.Close()
			return nil, usageError{err}
		}
	}
	if s.keeper, err = newKeeper(cfg, log); err != nil {
		s.records.close()
		s.script.Close()
		return nil, err
	}
	s.clock = media.NewShards(media.ShardOptions{})
	s.engine = rtp.NewEngine(s.clock)
	o := call.Options{
		Router: s.script, Engine: s.engine, Clock: s.clock, Prompts: prompts,
		Ports: rtp.NewPorts(rtp.PortsOptions{Min: cfg.RTP.Ports.Min, Max: cfg.RTP.Ports.Max}),
		Bind:  cfg.RTP.Bind, Advertise: advertised(cfg), Latch: latch(cfg.RTP.Latch), RTPTimeout: cfg.RTP.Timeout,
		JitterMin: cfg.RTP.Jitter.Min, JitterMax: cfg.RTP.Jitter.Max, MaxDuration: cfg.Call.MaxDuration,
		MaskDigits: cfg.Log.MaskDigits, Trace: s.trace.call, Streams: streams, Log: log, Watch: s.records.watcher(),
		Version: version(), Reload: s.script.Reload, Socket: s.socketApp, HideKeys: s.trace.hidden.hide,
	}
	s.keeper.options(&o)
	s.calls = call.NewManager(o)
	if err := s.startKeeper(cfg); err != nil {
		s.close()
		return nil, err
	}
	if err := s.openESL(cfg); err != nil {
		s.close()
		return nil, err
	}
	if err := s.listenSIP(cfg); err != nil {
		s.close()
		return nil, err
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("%w (sip.listen, --listen)", err)
	}
	s.calls.UseUA(s.ua)
	if err := s.listenAudioSocket(cfg); err != nil {
		s.close()
		return nil, err
	}
	s.trace.attach(s.ua, func(id string) bool { _, live := s.calls.Find(id); return live })
	if err := s.openWebhook(cfg); err != nil {
		s.close()
		return nil, err
	}
	if err := s.listenHTTP(cfg); err != nil {
		s.close()
		return nil, err
	}
	own := s.ownSockets(cfg)
	s.own.Store(&own)
	if cfg.Script.Watch {
		s.script.Watch(watchInterval)
	}
	return s, nil
}

func (s *server) listenSIP(cfg *config.Config) error {
	o := sipOptions(cfg, s.maxCalls, s.log)
	if s.trace.all() {
		o.OnTrace = s.trace.message
	}
	var err error
	if s.ua, err = sip.Listen(o, s.calls); err != nil {
		return fmt.Errorf("%w (sip.listen, --listen)", err)
	}
	return nil
}

func sipOptions(cfg *config.Config, maxCalls int, log zerolog.Logger) sip.Options {
	o := sip.Options{
		Agent: "rms/" + version(), Trusted: cfg.SIP.Trusted, NewCalls: cfg.SIP.NewCallsPerSecond,
		PerSource: cfg.SIP.PerSource, MaxCalls: maxCalls, HalfOpen: cfg.SIP.HalfOpen,
		SessionExpires: cfg.SIP.SessionExpires, MinSE: cfg.SIP.MinSE, RingTimeout: cfg.Call.RingTimeout, Log: log,
	}
	for _, e := range cfg.SIP.Listen {
		o.Listen = append(o.Listen, e.String())
	}
	if cfg.SIP.Advertise.IsValid() {
		o.Advertise = cfg.SIP.Advertise.String()
	}
	return o
}

func advertised(cfg *config.Config) netip.Addr {
	if cfg.RTP.Advertise.IsValid() {
		return cfg.RTP.Advertise
	}
	return cfg.SIP.Advertise
}

func latch(name string) rtp.LatchMode {
	switch name {
	case "sdp":
		return rtp.LatchSDP
	case "off":
		return rtp.LatchOff
	}
	return rtp.LatchNAT
}

// stop drains: new calls get 503, calls in progress go on until they end, until
// the deadline or until a second signal; then they are hung up.
func (s *server) stop(w io.Writer, drain time.Duration) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s.refuse()
	if n := s.calls.Len(); n > 0 {
		fmt.Fprintf(w, "draining: %d calls in progress, at most %s (a second signal hangs them up)\n", n, drain)
	}
	ctx, cancel := context.WithTimeout(ctx, drain)
	defer cancel()
	s.calls.Drain(ctx, "server is stopping", 5*time.Second)
	s.close()
	fmt.Fprintln(w, "stopped")
}

// refuse begins to refuse new calls, and tells whether it did not before.
func (s *server) refuse() bool {
	if s.draining.Swap(true) {
		return false
	}
	s.ua.Drain()
	return true
}

// drain refuses new calls; when the last call has ended the server does.
func (s *server) drain() {
	if !s.refuse() {
		return
	}
	s.log.Info().Int("calls", s.calls.Len()).Msg("draining: new calls are refused, the server ends with its last call")
	s.ending <- struct{}{}
}

// close stops what runs: signalling, calls, script, clock, sockets.
func (s *server) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if s.ua != nil {
		if err := s.ua.Close(ctx); err != nil {
			s.log.Warn().Err(err).Msg("signalling closed")
		}
	}
	if s.sockets != nil {
		if err := s.sockets.Close(ctx); err != nil {
			s.log.Warn().Err(err).Msg("AudioSocket closed")
		}
	}
	if s.esl != nil {
		s.esl.Drain() // no connection outlives its call now
		defer s.esl.Close()
	}
	s.calls.Close(ctx)
	if s.http != nil { // after the calls: subscribers are told how they ended
		if err := s.http.Close(ctx); err != nil {
			s.log.Warn().Err(err).Msg("HTTP closed")
		}
	}
	s.closeWebhook() // it posts how they ended
	s.keeper.close(ctx)
	s.records.close()
	s.trace.close()
	s.script.Close()
	s.clock.Close()
	s.engine.Close() // after the threads that use it
}
