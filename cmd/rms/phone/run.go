package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"rms/cmd/rms/ladder"
	"rms/sip"
	"rms/sip/sdp"
)

const (
	digitsAfter = 300 * time.Millisecond // the answer, so that the far end is ready
	digitLength = 100 * time.Millisecond
	digitGap    = 60 * time.Millisecond
	partingTime = 3 * time.Second // for the answer to our BYE or CANCEL
)

// phone is one call.
type phone struct {
	plan     *plan
	box      *mailbox
	ladder   *ladder.Ladder
	ua       *sip.UA
	leg      *leg
	offer    *sdp.Local
	dialog   *sip.Dialog
	result   Result
	answered time.Time
	ended    time.Time
	over     bool
	leaving  bool
	gone     bool // the dialog has ended
	owed     bool // our BYE has no answer yet
	alive    bool // something came back

	hang, parting, digits *time.Timer
}

// Run places the call and returns when it is over. The ladder goes to stdout as
// it happens. Cancelling ctx hangs up cleanly. An error says that the call could
// not be tried; how a call that was tried went is in the Result.
func Run(ctx context.Context, o Options, stdout io.Writer) (Result, error) {
	p, err := o.check()
	if err != nil {
		return Result{}, err
	}
	ph := &phone{plan: &p, box: newMailbox(), ladder: ladder.New(ladder.Options{Out: stdout, ASCII: o.ASCII, Full: o.Trace})}
	ph.result.To = p.to.text
	if err = ph.open(ctx); err != nil {
		return Result{}, err
	}
	ph.talk(ctx)
	err = ph.close()
	for _, e := range ph.box.take() { // what crossed our goodbye
		ph.handle(e)
	}
	ph.report()
	return ph.result, err
}

// open gets everything ready and sends the INVITE.
func (ph *phone) open(ctx context.Context) (err error) {
	p := ph.plan
	var microphone *mic
	if p.Mic != "" {
		if microphone, err = openMic(p.Mic); err != nil {
			return err
		}
	}
	if p.Save != "" {
		if err = writable(p.Save); err != nil {
			return errors.Join(err, closeMic(microphone))
		}
	}
	local, err := ph.localAddress(ctx)
	if err != nil {
		return errors.Join(err, closeMic(microphone))
	}
	if ph.leg, err = newLeg(p, ph.box, local, microphone); err != nil {
		return errors.Join(err, closeMic(microphone))
	}
	if err = ph.dial(local); err != nil {
		return errors.Join(err, ph.close())
	}
	return nil
}

func closeMic(m *mic) error {
	if m == nil {
		return nil
	}
	return m.Close()
}

func writable(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("open the file to save: %w", err)
	}
	return f.Close()
}

func (ph *phone) dial(local netip.Addr) (err error) {
	p := ph.plan
	if ph.offer, err = sdp.Offer(ph.leg.caps, nil); err != nil {
		return err
	}
	listen := p.transport + "://" + netip.AddrPortFrom(local, 0).String()
	ph.ua, err = sip.Listen(sip.Options{
		Listen: []string{listen}, Agent: "rms-call",
		OnTrace: func(t sip.TraceLine) { ph.box.post(event{at: t.Time, trace: &t}) },
	}, nil)
	if err != nil {
		return fmt.Errorf("open a SIP port: %w", err)
	}
	from := p.From
	if from == "" {
		from = "sip:phone@" + bracket(local)
	}
	call := sip.CallOptions{
		To: p.to.text, From: from, Headers: p.headers, SDP: ph.offer.SDP,
		User: p.User, Password: p.Password, Transport: p.transport,
	}
	if p.Proxy != "" {
		call.Proxy = asURI(p.Proxy)
	}
	if ph.dialog, err = ph.ua.Call(call, ph.box); err != nil {
		return fmt.Errorf("call %s: %w", p.to.text, err)
	}
	return nil
}

func bracket(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

// localAddress finds the address that leads to the far end. Over UDP it also
// sends an empty line there, which a closed port refuses at once (an INVITE
// would wait 32 s for nothing).
func (ph *phone) localAddress(ctx context.Context) (netip.Addr, error) {
	p := ph.plan
	dialer := net.Dialer{Timeout: 5 * time.Second}
	conn, err := dialer.DialContext(ctx, p.transport, p.nextHop)
	if err != nil {
		return netip.Addr{}, unreachable(p, err)
	}
	defer func() { _ = conn.Close() }()
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		return netip.Addr{}, err
	}
	if p.transport == "udp" {
		_, _ = conn.Write([]byte("\r\n\r\n"))
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
		if _, err = conn.Read(make([]byte, 16)); errors.Is(err, syscall.ECONNREFUSED) {
			return netip.Addr{}, unreachable(p, err)
		}
	}
	return local.Addr().Unmap(), nil
}

func unreachable(p *plan, err error) error {
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing listens at %s over %s: is the server running (`rms serve`), and are host, port and transport right?", p.nextHop, p.transport)
	case errors.As(err, &dns):
		return fmt.Errorf("the host of %s is not known: check its spelling, or write its address", p.nextHop)
	}
	return fmt.Errorf("reach %s over %s: %w", p.nextHop, p.transport, err)
}

// talk handles everything that happens until the call is over.
func (ph *phone) talk(ctx context.Context) {
	ring := time.NewTimer(ph.plan.Ring)
	ph.hang, ph.parting, ph.digits = stopped(), stopped(), stopped()
	done := ctx.Done()
	for !ph.over {
		select {
		case <-ph.box.signal:
			for _, e := range ph.box.take() {
				ph.handle(e)
			}
		case <-ring.C:
			if ph.answered.IsZero() {
				ph.leave(fmt.Sprintf("nobody answered within %v", ph.plan.Ring))
			}
		case <-ph.hang.C:
			ph.leave("")
		case <-ph.digits.C:
			ph.press()
		case <-done:
			done = nil
			ph.result.Interrupted = true
			ph.leave("interrupted")
		case <-ph.parting.C:
			ph.result.Problem = firstOf(ph.result.Problem, "our goodbye was not answered")
			ph.over = true
		}
	}
	ring.Stop()
	ph.hang.Stop()
	ph.parting.Stop()
	ph.digits.Stop()
}

func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// leave ends the call from our side: CANCEL while it rings, else BYE.
func (ph *phone) leave(why string) {
	if ph.leaving || ph.over {
		return
	}
	ph.leaving = true
	if why != "" {
		ph.ladder.Note(time.Now(), "%s: hanging up", why)
		ph.result.Problem = firstOf(ph.result.Problem, why)
	}
	var err error
	if ph.answered.IsZero() {
		err = ph.dialog.Cancel(why)
	} else {
		ph.ended, ph.owed = time.Now(), true
		err = ph.dialog.Bye("")
	}
	if !ph.alive || err != nil && ph.dialog.State() == sip.StateEnded {
		ph.over = true
		return
	}
	ph.parting.Reset(partingTime)
}

func (ph *phone) press() {
	err := ph.leg.press(ph.plan.Digits)
	if err != nil {
		ph.result.Problem = firstOf(ph.result.Problem, "digits: "+err.Error())
		ph.ladder.Note(time.Now(), "digits were not sent: %v", err)
		return
	}
	ph.result.DigitsSent = strings.ToUpper(ph.plan.Digits)
	ph.ladder.Note(time.Now(), "pressing %s", ph.result.DigitsSent)
}

// close frees everything, the call's own goroutines last.
func (ph *phone) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), partingTime)
	defer cancel()
	var err error
	if ph.leg != nil {
		err = ph.leg.close(ctx)
	}
	if ph.ua == nil {
		return err
	}
	if !ph.gone { // the far end is mute: there is nothing to wait for, nor to complain of
		soon, stop := context.WithTimeout(ctx, 100*time.Millisecond)
		defer stop()
		_ = ph.ua.Close(soon)
		return err
	}
	return errors.Join(err, ph.ua.Close(ctx))
}
