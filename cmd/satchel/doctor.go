package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"
)

// doctor starts the program of that name beside this one. It holds the clients of all that the
// servers need, which would make this program five times as large for everybody.
func (a *app) doctor() *cobra.Command {
	return &cobra.Command{
		Use: "doctor [PART …]", Short: "Look whether the settings of api or worker are right, and reach what they name (operators)",
		Long: `Look whether the settings of api or worker are right, and reach what they name (operators).

It reads the environment as those programs do, so run it where they run and as their user:

  docker compose exec worker satchel doctor
  satchel doctor postgres mail

Parts are postgres, replica, store, keys, temporal, scanner, issuer, mail and spool. It changes nothing and sends
no mail. It starts the program doctor, which is in the folder of this one where the servers are.`,
		RunE: func(cmd *cobra.Command, parts []string) error {
			own, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find the program doctor: %w", err)
			}
			return a.runDoctor(cmd, filepath.Join(filepath.Dir(own), "doctor"), parts)
		},
	}
}

func (a *app) runDoctor(cmd *cobra.Command, program string, parts []string) error {
	if a.json {
		parts = append([]string{"--json"}, parts...)
	}
	run := exec.CommandContext(cmd.Context(), program, parts...) //nolint:gosec // our own program beside this one
	run.Stdout, run.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
	err := run.Run()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%s is not there: run this where api or worker run, which have it beside them", program)
	case errors.As(err, &exit):
		return errOutcome // the program has said why
	}
	return err
}
