// Command upgrade replaces the programs of a local stack by those of another release, and those by the
// first ones again, while clients send and read files through a balancer, and counts what they met. Its
// command kube does so with the chart on a node of Kubernetes.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// errNotZero says that a figure which has to be zero is not.
var errNotZero = errors.New("a figure that has to be zero is not")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if command().ExecuteContext(ctx) != nil {
		os.Exit(1)
	}
}

func command() *cobra.Command {
	u := &upgrade{}
	var older, newer string
	var asJSON, versioned bool
	cmd := &cobra.Command{
		Use: "upgrade", Short: "Upgrade a local stack and take it back while clients use it", SilenceUsage: true, Args: cobra.NoArgs,
		Long: `The stack runs without its own api and worker. This program starts two APIs of the older release behind a
balancer, which takes one out when its /readyz does not answer 200, and a worker; sends and reads files; applies
the newer schema; replaces the worker and then each API, and then puts the older programs back on the newer
schema. It fails when a request failed other than by 503 with Retry-After, when an upload was lost, or when a
workflow could not be replayed.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			u.say = cmd.ErrOrStderr()
			var err error
			if u.older, err = readRelease("old", older); err != nil {
				return err
			}
			if u.newer, err = readRelease("new", newer); err != nil {
				return err
			}
			u.older.versioned, u.newer.versioned = versioned, versioned
			u.ledger = filepath.Join(filepath.Dir(u.stackFile), "log", "upgrade-ledger.jsonl")
			r, err := u.run(cmd.Context())
			if r == nil {
				return err
			}
			if err := errors.Join(err, r.print(cmd.OutOrStdout(), asJSON)); err != nil {
				return err
			}
			if r.wrongs() > 0 {
				return errNotZero
			}
			return nil
		},
	}
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.AddCommand(kubeCommand())
	cmd.Flags().StringVar(&u.stackFile, "stack", ".local/satchel.json", "the stack's satchel.json")
	cmd.Flags().StringVar(&older, "old", "", "folder of the older release: bin, env, process-compose.yaml")
	cmd.Flags().StringVar(&newer, "new", "", "folder of the newer release")
	cmd.Flags().IntVar(&u.rate, "rate", 50, "uploads a second at most")
	cmd.Flags().IntVar(&u.clients, "clients", 12, "how many clients send side by side")
	cmd.Flags().DurationVar(&u.hold, "hold", 15*time.Second, "how long each state is held")
	cmd.Flags().BoolVar(&versioned, "versioned", false, "the workers of each release are a build of their own, which is promoted; both releases must know that")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
