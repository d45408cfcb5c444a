// Package top is the live table of "rms top": calls, how the server is doing, details
// of one call. Model holds what is known and what was pressed, Render draws it, Run
// fetches and shows it once a second.
package top
