package sandbox

import "github.com/rs/zerolog"

// Options say how the runs of a script are limited and where its lines go. They are
// the same for every language.
type Options struct {
	Limits Limits
	Log    zerolog.Logger // for lines that the script writes while it loads
	Masked bool           // no digits in log lines of scripts
	Dir    string         // where other files of the script lie; "": it has none
}

// Program is a script that was read and compiled once.
type Program interface {
	// NewState makes an independent interpreter of the script, for one worker.
	// A state is used by one goroutine at a time. All states of a program run the
	// same text, whatever has become of the files.
	NewState() (State, error)

	// Files lists the files that the program was made of besides the script itself.
	Files() []string
}

// State is one interpreter with the script loaded.
//
// A run may wait: rms.play_wait invokes the verb with a token (Waits.Token) as its
// route, keeps the run with Waits.Put and lets Run return nil. The event comes as
// another Run whose route is that token; what it does counts as a run of its own,
// with all limits anew.
type State interface {
	// Routes lists the names of the routes that the script defined.
	Routes() []string

	// Run runs one route until it ends or waits, nil in both cases. With a token it
	// goes on with the run that waits for it; the fields of x.Event() are what the
	// wait returns. The error is a *call.ScriptError, whose Route is the route that
	// the run began with.
	Run(x Exec, route string) error

	// Holds reports whether a run waits for the event of that token.
	Holds(token string) bool

	// Waiting counts the runs that wait.
	Waiting() int

	// Forget gives up the runs that wait and belong to a key (Exec.Key).
	Forget(key string)

	// Fit tells whether the state may be used for new runs. It may not after a run
	// was cut off in the middle, or when the script keeps too much in globals.
	// Runs that wait may still go on in it.
	Fit() bool

	// Close frees the state and gives up what waits.
	Close()
}
