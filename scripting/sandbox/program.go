package sandbox

// Program is a script that was read and compiled once.
type Program interface {
	// NewState makes an independent interpreter of the script, for one worker.
	// A state is used by one goroutine at a time.
	NewState() (State, error)
}

// State is one interpreter with the script loaded.
type State interface {
	// Routes lists the names of the routes that the script defined.
	Routes() []string

	// Run runs one route to its end. The error is a *call.ScriptError.
	Run(x Exec, route string) error

	// Fit tells whether the state may be used again. It may not after a run
	// was cut off in the middle, or when the script keeps too much in globals.
	Fit() bool

	// Close frees the state.
	Close()
}
