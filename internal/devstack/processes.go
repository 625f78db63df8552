package devstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Processes are those of the stack, as its supervisor knows them: it starts again what ends.
type Processes struct{ supervisor http.Client }

// Processes gives the processes of the stack.
func (s *Stack) Processes() *Processes {
	socket := strings.TrimPrefix(s.Supervisor, "unix:")
	return &Processes{http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}}}
}

// PID gives the process that runs under a name just now; 0 is none.
func (p *Processes) PID(ctx context.Context, name string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://supervisor/process/"+url.PathEscape(name), nil)
	if err != nil {
		return 0, err
	}
	resp, err := p.supervisor.Do(req)
	if err != nil {
		return 0, fmt.Errorf("ask the supervisor for %s: %w", name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	var found struct {
		PID     int  `json:"pid"`
		Running bool `json:"is_running"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil {
		return 0, fmt.Errorf("read what the supervisor says of %s: %w", name, err)
	}
	if !found.Running || found.PID <= 1 {
		return 0, nil
	}
	return found.PID, nil
}

// Signal disturbs a process; it gives false when none runs.
func (p *Processes) Signal(ctx context.Context, name string, sig syscall.Signal) (bool, error) {
	id, err := p.PID(ctx, name)
	if err != nil || id == 0 {
		return false, err
	}
	err = syscall.Kill(id, sig)
	if errors.Is(err, syscall.ESRCH) {
		return false, nil
	}
	return err == nil, err
}

const restartPoll = 50 * time.Millisecond

// Kill ends a process without warning and waits until another one runs in its place. One that is being started again,
// as after the kill of what it needs, is waited for first.
func (p *Processes) Kill(ctx context.Context, name string) error {
	old, err := p.running(ctx, name, 0)
	if err != nil {
		return err
	}
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill %s: %w", name, err)
	}
	_, err = p.running(ctx, name, old)
	return err
}

// running waits until another process than old runs under a name.
func (p *Processes) running(ctx context.Context, name string, old int) (int, error) {
	for {
		now, err := p.PID(ctx, name)
		if err == nil && now != 0 && now != old {
			return now, nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%s was not started again: %w", name, errors.Join(ctx.Err(), err))
		case <-time.After(restartPoll):
		}
	}
}
