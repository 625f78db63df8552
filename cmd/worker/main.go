// Command worker runs the platform's workflows and activities. It holds the
// database role of the application, the store's keys and the way to the virus
// scanner, and no port that a user could reach.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/fx"

	"satchel/cmd/worker/wiring"
	"satchel/internal/bootstrap"
)

func main() {
	if len(os.Args) < 2 {
		fx.New(wiring.App(), bootstrap.QuietLogger).Run()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use: "worker", Short: "Run workflows and activities; with a command, say which build of them has the work",
		Long: `Run workflows and activities, without a command.

The commands are for versioned workers (SATCHEL_WORKER_VERSIONING; docs/upgrading.md). They
read the environment as the worker does, so run them where it runs:

  docker compose exec worker worker versions
  kubectl exec deploy/satchel-worker -c worker -- worker promote`,
		SilenceUsage: true, SilenceErrors: true,
	}
	cmd.SetOut(os.Stdout)
	cmd.AddCommand(versions(), promote(), release(), unversion())
	return cmd
}
