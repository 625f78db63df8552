package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"
)

// release is the programs of one release with the settings that its own stack gives them.
type release struct {
	name, dir string
	env       []string            // of every program
	own       map[string][]string // of one program, by its name: the files of its secrets
	versioned bool                // its workers name a build
}

// readRelease reads a folder that deploy/local/upgrade.sh made.
func readRelease(name, dir string) (release, error) {
	r := release{name: name, dir: dir, own: map[string][]string{}}
	env, err := os.ReadFile(filepath.Join(dir, "env"))
	if err != nil {
		return r, fmt.Errorf("the settings of the %s release: %w", name, err)
	}
	for v := range bytes.SplitSeq(bytes.TrimRight(env, "\x00"), []byte{0}) {
		r.env = append(r.env, string(v))
	}
	text, err := os.ReadFile(filepath.Join(dir, "process-compose.yaml"))
	if err != nil {
		return r, fmt.Errorf("the processes of the %s release: %w", name, err)
	}
	var compose struct {
		Processes map[string]struct{ Environment []string }
	}
	if err := yaml.Unmarshal(text, &compose); err != nil {
		return r, fmt.Errorf("the processes of the %s release: %w", name, err)
	}
	for _, program := range []string{"api", "worker", "migrate"} {
		if r.own[program] = compose.Processes[program].Environment; len(r.own[program]) == 0 {
			return r, fmt.Errorf("the process-compose.yaml of the %s release has no environment of %s", name, program)
		}
	}
	return r, nil
}

// setting gives one of the settings.
func (r release) setting(name string) string {
	for _, v := range r.env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// program is one that runs, in the stack's folder.
type program struct {
	name    string
	cmd     *exec.Cmd
	metrics string // address of /readyz and /metrics
	ended   chan struct{}
	err     error // set once it has ended
}

func (r release) command(ctx context.Context, folder, name string, settings map[string]string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(r.dir, "bin", name), arguments...)
	cmd.Dir = folder
	cmd.Env = append(append(slices.Clone(os.Environ()), r.env...), r.own[name]...)
	cmd.Env = append(cmd.Env, "SATCHEL_STACK="+folder) // what a killed run leaves is found by it
	if r.versioned {                                   // each release has a build of its own, whatever changed between them
		cmd.Env = append(cmd.Env, "SATCHEL_WORKER_VERSIONING=true", "SATCHEL_WORKER_BUILD_ID="+r.name)
	}
	for k, v := range settings {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return cmd
}

// once runs a program to its end.
func (r release) once(ctx context.Context, folder, name string, arguments ...string) error {
	out, err := r.command(ctx, folder, name, nil, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s of the %s release: %w: %s", name, r.name, err, bytes.TrimSpace(out))
	}
	return nil
}

// start starts a program and waits until it is ready. Its log is added to that of its place, such
// as api-1.
func (r release) start(ctx context.Context, folder, name, place string, settings map[string]string) (*program, error) {
	log, err := os.OpenFile(filepath.Join(folder, "log", place+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &program{name: r.name + " " + place, metrics: "http://" + settings["SATCHEL_METRICS_LISTEN"], ended: make(chan struct{})}
	p.cmd = r.command(context.WithoutCancel(ctx), folder, name, settings)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", p.name, err), log.Close())
	}
	go func() {
		p.err = p.cmd.Wait()
		_ = log.Close()
		close(p.ended)
	}()
	return p, p.wait(ctx)
}

const (
	startPatience = 3 * time.Minute
	endPatience   = 2 * time.Minute
	programPoll   = 100 * time.Millisecond
)

// wait waits until the program is ready.
func (p *program) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for !p.ready(ctx) {
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended before it was ready: %w; its log says more", p.name, p.err)
		case <-ctx.Done():
			return fmt.Errorf("%s did not get ready: %w", p.name, ctx.Err())
		case <-time.After(programPoll):
		}
	}
	return nil
}

func (p *program) ready(ctx context.Context) bool {
	resp, err := get(ctx, p.metrics+"/readyz")
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// end asks a program to end, as a service manager does, and waits until it has.
func (p *program) end() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end %s: %w", p.name, err)
	}
	select {
	case <-p.ended:
	case <-time.After(endPatience):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("%s did not end within %s", p.name, endPatience)
	}
	if p.err != nil {
		return fmt.Errorf("%s ended with %w", p.name, p.err)
	}
	return nil
}

func get(ctx context.Context, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(req)
}
