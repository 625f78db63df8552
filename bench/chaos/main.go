// Command chaos sends files to a running local stack through its public API while parts of it are
// killed and started again, and holds in the end what is there against what its clients have noted of
// each upload.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"satchel/internal/devstack"
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
	c := &chaos{}
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "chaos", Short: "Kill parts of a running local stack while files are sent to it", SilenceUsage: true, Args: cobra.NoArgs,
		Long: `Several clients send files of many kinds through the public API, as forms, by tus at once and in pieces,
while random parts of the stack (api, worker, temporal, postgres, store, clamd) get SIGKILL and are started
again. Each client writes down, before and after each call, what it sent and what was acknowledged. When all
is settled, the ledger is held against what the platform has. The program fails when a file is lost, changed,
kept twice or in process for ever, or when anything else that has to be zero is not.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if c.Stack, err = devstack.Read(path); err != nil {
				return err
			}
			if c.ledger == "" {
				c.ledger = filepath.Join(filepath.Dir(path), "log", "chaos-ledger.jsonl")
			}
			c.say = cmd.ErrOrStderr()
			r, err := c.run(cmd.Context())
			if err != nil {
				return err
			}
			if err := r.print(cmd.OutOrStdout(), asJSON); err != nil {
				return err
			}
			if r.wrongs() > 0 {
				return errNotZero
			}
			return nil
		},
	}
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.Flags().StringVar(&path, "stack", ".local/satchel.json", "the stack's satchel.json")
	cmd.Flags().IntVar(&c.uploads, "uploads", 10_000, "how many files are sent")
	cmd.Flags().IntVar(&c.kills, "kills", 200, "how often a part is killed, spread over the uploads")
	cmd.Flags().IntVar(&c.clients, "clients", 12, "how many clients send side by side")
	cmd.Flags().IntVar(&c.schools, "schools", 3, "to how many schools they belong")
	cmd.Flags().StringVar(&c.ledger, "ledger", "", "the ledger's file (default: log/chaos-ledger.jsonl in the folder of the stack)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
