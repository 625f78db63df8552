// Command demo demonstrates the local stack: it provisions two organizations, sends a
// few files through the real pipeline and prints the result of each, and makes a class
// with what happens in one.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var path string
	cmd := &cobra.Command{Use: "demo", Short: "Provision and try out the local stack", SilenceUsage: true}
	cmd.PersistentFlags().StringVar(&path, "stack", ".local/satchel.json", "the stack's satchel.json")
	run := func(f func(context.Context, string) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error { return f(cmd.Context(), path) }
	}
	cmd.AddCommand(
		&cobra.Command{Use: "prepare", Short: "Make an operator and two organizations, and note their tokens", Args: cobra.NoArgs, RunE: run(prepare)},
		&cobra.Command{Use: "samples", Short: "Send the sample files and print what became of each", Args: cobra.NoArgs, RunE: run(sendSamples)},
		schoolCommand(&path),
	)
	if cmd.ExecuteContext(ctx) != nil {
		os.Exit(1)
	}
}

func schoolCommand(path *string) *cobra.Command {
	var people string
	cmd := &cobra.Command{
		Use: "school", Short: "Make a class with a hand-out and a hand-in, and a library, where they are missing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return makeSchool(cmd.Context(), *path, people) },
	}
	cmd.Flags().StringVar(&people, "people", "a", "ending of the subjects of its people, as in teacher-a")
	return cmd
}
