// Package sandbox starts programs that others wrote on files that people uploaded, by
// way of cmd/sandbox, which takes away from them everything but one file and one folder.
// It bounds their time, memory and disk, ends them with everything that they started,
// and tells a finding about the file from a fault of the machine.
package sandbox

// Exit codes of cmd/sandbox. Every other one is the program's own.
const (
	ExitUsage      = 64  // wrong flags
	ExitNotStarted = 125 // the program could not be started
	ExitNoSandbox  = 126 // this kernel cannot confine a program
)
