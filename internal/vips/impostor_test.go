package vips

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// impersonate plays a render program that misbehaves as its source file says.
// The environment cannot carry the wish, since the child gets none.
func impersonate(source, outDir string) {
	wish, err := os.ReadFile(source)
	if err != nil {
		panic(err)
	}
	verb, argument, _ := strings.Cut(string(wish), " ")
	switch verb {
	case "print":
		_, _ = fmt.Fprint(os.Stdout, argument)
	case "refuse":
		_, _ = fmt.Fprint(os.Stdout, argument)
		os.Exit(ExitNotRenderable)
	case "fail":
		fmt.Fprint(os.Stderr, argument)
		os.Exit(ExitFault)
	case "crash":
		fmt.Fprint(os.Stderr, argument)
		os.Exit(goCrash)
	case "environment":
		fmt.Fprintf(os.Stderr, "environment: %q", os.Environ())
		os.Exit(ExitFault)
	case "flood":
		for range 1000 {
			_, _ = fmt.Fprint(os.Stdout, strings.Repeat("x", 10_000))
			fmt.Fprint(os.Stderr, strings.Repeat("y", 10_000))
		}
	case "litter":
		if err := os.WriteFile(outDir+"/half", nil, 0o600); err != nil {
			panic(err)
		}
		os.Exit(ExitFault)
	case "spin":
		spin()
	case "hang":
		hang(source)
	default:
		die(verb)
	}
	os.Exit(0)
}

// spinLimit is the CPU limit of the program that spins.
const spinLimit = time.Second

// spin uses the CPU until the kernel ends it.
func spin() {
	seconds := uint64(spinLimit.Seconds())
	if err := syscall.Setrlimit(syscall.RLIMIT_CPU, &syscall.Rlimit{Cur: seconds, Max: seconds}); err != nil {
		panic(err)
	}
	for n := 0; ; n++ { // the loop is the work
		runtime.KeepAlive(n)
	}
}

// hang starts a child of its own, names both, and stays.
func hang(source string) {
	child := exec.Command("/bin/sleep", "600")
	child.Stdout = os.Stdout
	if err := child.Start(); err != nil {
		panic(err)
	}
	pids := fmt.Sprintf("%d %d", os.Getpid(), child.Process.Pid)
	if err := os.WriteFile(source+".tmp", []byte(pids), 0o600); err != nil {
		panic(err)
	}
	if err := os.Rename(source+".tmp", source+".pids"); err != nil {
		panic(err)
	}
	time.Sleep(10 * time.Minute) //nolint:forbidigo // this impostor hangs until it is killed
}

func die(name string) {
	signals := map[string]syscall.Signal{"SIGKILL": syscall.SIGKILL, "SIGTERM": syscall.SIGTERM}
	if err := syscall.Kill(os.Getpid(), signals[name]); err != nil {
		panic(err)
	}
	time.Sleep(10 * time.Minute) //nolint:forbidigo // this impostor hangs until it is killed
}
