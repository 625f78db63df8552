// Command sandbox starts one program that others wrote on one file that others
// uploaded, without network, other processes, the worker's files or its environment.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"satchel/internal/confine"
	"satchel/internal/sandbox"
)

const usage = `sandbox starts one program behind walls.

  sandbox --profile reader|office --input FILE --work DIR --cpu SECONDS --memory BYTES --file BYTES PROGRAM [ARGUMENT...]

FILE     the one file that the program may read, besides the machine's programs, libraries and fonts
DIR      the one folder that it may write to; also its HOME, its folder of temporary files and where it starts
PROGRAM  a path

The program has no network and starts no process. The exit code is the program's, or
125 when it could not be started, 126 when this kernel cannot confine it, 64 for wrong flags.
`

func main() {
	p, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		return
	case err != nil:
		fail(sandbox.ExitUsage, err)
	}
	err = confine.Exec(p)
	if errors.Is(err, confine.ErrNoSandbox) {
		fail(sandbox.ExitNoSandbox, err)
	}
	fail(sandbox.ExitNotStarted, err)
}

func fail(code int, err error) {
	fmt.Fprintf(os.Stderr, "sandbox: %v\n", err)
	os.Exit(code)
}

func parse(args []string) (confine.Program, error) {
	var p confine.Program
	var profile string
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&profile, "profile", string(confine.Reader), "system calls")
	flags.StringVar(&p.Input, "input", "", "file to read")
	flags.StringVar(&p.Work, "work", "", "folder to write to")
	flags.Uint64Var(&p.CPU, "cpu", 0, "seconds of CPU")
	flags.Uint64Var(&p.Memory, "memory", 0, "bytes of memory")
	flags.Uint64Var(&p.File, "file", 0, "bytes of one file")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if flags.NArg() == 0 || p.Input == "" || p.Work == "" || p.CPU == 0 || p.Memory == 0 || p.File == 0 {
		return p, errors.New("a flag or the program is missing; sandbox --help explains them")
	}
	path, err := exec.LookPath(flags.Arg(0))
	if err != nil {
		return p, err
	}
	p.Profile, p.Path, p.Args = confine.Profile(profile), path, flags.Args()[1:]
	p.Env = environment(p.Work)
	return p, nil
}

// environment is all that the program is told. Its folder is its home, so that no two
// runs share a cache or a profile.
func environment(work string) []string {
	temporary := filepath.Join(work, "tmp")
	return []string{
		"PATH=/usr/bin:/bin", "HOME=" + work, "TMPDIR=" + temporary, "XDG_CACHE_HOME=" + temporary, "XDG_CONFIG_HOME=" + temporary, "XDG_RUNTIME_DIR=" + temporary,
		"LC_ALL=C.UTF-8", "SAL_USE_VCLPLUGIN=svp", "SAL_DISABLE_OPENCL=1", "OMP_THREAD_LIMIT=1", "MALLOC_ARENA_MAX=2",
	}
}
