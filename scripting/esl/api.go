package esl

import (
	"strings"

	"rms/call"
)

// maxJobs bounds the commands of bgapi that run at a time, of all clients: a client that
// asks for more waits.
const maxJobs = 64

// maxUUID bounds an id that a client chose.
const maxUUID = 256

// jobs are the commands of bgapi that run.
type jobs struct{ free chan struct{} }

// noReply stands for an output that is empty.
const noReply = "-ERR no reply\n"

// api runs a command and waits for its output.
func (c *conn) api(_ *command, args string) string {
	if args == "" {
		return notFound
	}
	out := c.server.execute(args)
	if out == "" {
		out = noReply
	}
	c.send("Content-Type: api/response\nContent-Length: " + number(int64(len(out))) + "\n\n" + out)
	return ""
}

// bgapi runs a command whose output comes as an event.
func (c *conn) bgapi(cmd *command, args string) string {
	if args == "" {
		return notFound
	}
	id := oneLine(cmd.get("Job-UUID"))
	if id == "" || len(id) > maxUUID {
		id = newUUID()
	}
	s := c.server
	select {
	case s.jobs.free <- struct{}{}:
	case <-s.quit:
		return notFound
	}
	c.send("Content-Type: command/reply\nReply-Text: +OK Job-UUID: " + id + "\nJob-UUID: " + id + "\n\n")
	owner := c.controls()
	if !s.spawn(func() {
		defer func() { <-s.jobs.free }()
		s.job(id, owner, args)
	}) {
		<-s.jobs.free
	}
	return ""
}

// job runs a command and tells its output.
func (s *Server) job(id, owner, text string) {
	out := s.execute(text)
	name, args, _ := strings.Cut(text, " ")
	s.bus.emit(occasion{name: nameBackgroundJob, where: "api_exec"}, func(e *event) {
		e.add("Job-UUID", id)
		if owner != "" {
			e.add("Job-Owner-UUID", owner)
		}
		e.add("Job-Command", name)
		if args != "" {
			e.add("Job-Command-Arg", args)
		}
		e.setBody(out)
	})
}

// execute runs a command and returns its output.
func (s *Server) execute(text string) string {
	x, err := s.opts.Manager.Door("", call.FromAPI)
	if err != nil {
		return "-ERR " + oneLine(err.Error()) + "\n"
	}
	return x.API(text)
}

// spawn runs op in a goroutine that Close waits for; false: the server is closing.
func (s *Server) spawn(op func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wait.Add(1)
	go func() {
		defer s.wait.Done()
		op()
	}()
	return true
}
