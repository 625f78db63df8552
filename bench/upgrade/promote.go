package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// Temporal answers one question about the builds of workers at a time and bounds how often it is asked. A release whose
// commands do not wait for that says so (tooOften), which changes nothing; later questions then.
const (
	askFirst = time.Second
	askMost  = 10 * time.Second
	tooOften = "too many requests issued to Worker Deployment"
)

var errTooOften = errors.New("Temporal was asked about the builds of workers too often")

// promote gives the work to the workers of this release, and waits until nothing is left for those of another.
func (r release) promote(ctx context.Context, folder, other string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*startPatience) // of the two
	defer cancel()
	work := func(arguments ...string) ([]byte, error) {
		return answered(r.command(ctx, folder, "worker", nil, arguments...))
	}
	left := "the work was not given"
	err := asking(ctx, func() (bool, error) {
		_, err := work("promote", "--timeout", startPatience.String())
		return err == nil, err
	})
	if err == nil {
		err = asking(ctx, func() (bool, error) {
			said, err := work("versions", "--json")
			if err != nil {
				return false, err
			}
			open, err := openOf(said, other)
			left = fmt.Sprintf("%d workflows are left for the workers of the %s release", open, other)
			return open == 0, err
		})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", left, err)
	}
	return nil
}

// asking asks until it is told that all is done, less often with each time.
func asking(ctx context.Context, ask func() (done bool, err error)) error {
	for wait := askFirst; ; wait = min(2*wait, askMost) {
		done, err := ask()
		if done || err != nil && !errors.Is(err, errTooOften) {
			return err
		}
		if err := errors.Join(pause(ctx, wait), ctx.Err()); err != nil {
			return err
		}
	}
}

// answered gives what a command prints, and errTooOften where that is what it met.
func answered(cmd *exec.Cmd) ([]byte, error) {
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	switch {
	case err == nil:
		return out, nil
	case bytes.Contains(complaints.Bytes(), []byte(tooOften)):
		err = errors.Join(errTooOften, err)
	}
	return nil, fmt.Errorf("%v: %w: %s", cmd.Args[1:], err, bytes.TrimSpace(complaints.Bytes()))
}

// openOf reads of `worker versions --json` what ends on a build alone.
func openOf(said []byte, build string) (int64, error) {
	var found struct {
		Builds []struct {
			Build string
			Open  int64
		}
	}
	if err := json.Unmarshal(said, &found); err != nil {
		return 0, fmt.Errorf("versions of workers: %w", err)
	}
	for _, b := range found.Builds {
		if b.Build == build {
			return b.Open, nil
		}
	}
	return 0, nil
}
