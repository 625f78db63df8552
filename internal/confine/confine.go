// Package confine takes away from a process what opening a hostile file does not need,
// before it is shown a byte. Apply confines a decoder of ours for the rest of its life;
// Exec confines a program of others before it starts.
//
// A decoder has by then opened its input and loaded its libraries. From
// Apply on it cannot open a file to read, talk to anyone, or start anything; it
// can create new files to write, and where Landlock is available only in the
// output directory.
package confine

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/landlock-lsm/go-landlock/landlock"
	llsyscall "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// Apply confines all threads of the process for the rest of its life and
// returns the names of what is in force, for the report. Without the system
// call filter it fails: an unconfined decoder is a fault, not a smaller
// guarantee. Landlock is a second wall and may be missing from the kernel.
func Apply(outDir string) ([]string, error) {
	inForce := []string{"rlimits", "no_new_privs"}
	version, err := restrictFiles(outDir)
	if err != nil {
		return nil, err
	}
	if version > 0 {
		inForce = append(inForce, fmt.Sprintf("landlock_v%d", version))
	}
	if err := filterCalls(); err != nil {
		return nil, err
	}
	return append(inForce, "seccomp"), nil
}

// restrictFiles returns the Landlock version the kernel offers, 0 for none.
func restrictFiles(outDir string) (int, error) {
	version, err := llsyscall.LandlockGetABIVersion()
	if err != nil || version < 1 {
		return 0, nil //nolint:nilerr // a kernel without Landlock answers with an error
	}
	const create = llsyscall.AccessFSWriteFile | llsyscall.AccessFSMakeReg
	err = landlock.V6.BestEffort().Restrict(landlock.PathAccess(create, outDir))
	if err != nil {
		return 0, fmt.Errorf("restrict files with Landlock version %d: %w", version, err)
	}
	return version, nil
}

// filterCalls allows what a decoder needs and nothing else.
func filterCalls() error {
	names := append([]string{}, harmless...)
	if runtime.GOARCH == "amd64" {
		names = append(names, harmlessAMD64...)
	}
	return load(names, conditional)
}

// load installs the list of allowed system calls on all threads.
// Everything else fails with EPERM. So does everything in the 32-bit numbering,
// which a list of forbidden calls would leave open.
func load(names []string, conditions []seccomp.NameWithConditions) error {
	filter := seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionErrno,
			Syscalls: []seccomp.SyscallGroup{
				// The C library asks for a thread with clone3 first. Its flags
				// are out of a filter's sight; ENOSYS makes it use clone.
				{Names: []string{"clone3"}, Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS)},
				{Names: names, NamesWithCondtions: conditions, Action: seccomp.ActionAllow},
			},
		},
	}
	if err := seccomp.LoadFilter(filter); err != nil {
		return fmt.Errorf("install system call filter: %w; the kernel must have CONFIG_SECCOMP_FILTER and a container must allow seccomp", err)
	}
	return nil
}

// Write makes a new file, the one way of opening that Apply leaves.
func Write(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // a name that our program made, in the folder it was given
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Close())
}
