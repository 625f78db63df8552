// Command judge says which files of a folder Satchel would take, and why it would
// refuse the others. It runs each file through what the pipeline's inspection and
// scan run, with the policy of a new organization, and stores nothing.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"satchel/cmd/worker/wiring"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	cmd := &cobra.Command{
		Use: "judge FOLDER", Short: "Say which files of a folder are taken", Args: cobra.ExactArgs(1), SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), args[0], o, cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print every file's outcome as JSON, one object a line")
	cmd.Flags().StringVar(&o.clamd, "clamd", "", "the socket of a running clamd; without it no virus scanner is asked")
	cmd.Flags().BoolVar(&o.previews, "previews", false, "make the previews of each file that is taken, and tell which have none")
	if cmd.ExecuteContext(ctx) != nil {
		os.Exit(1)
	}
}

type options struct {
	json     bool
	clamd    string
	previews bool
}

// run judges the folder as a student and as staff.
func run(ctx context.Context, folder string, o options, out io.Writer) error {
	files, copies, err := list(folder)
	if err != nil {
		return err
	}
	j, err := newJudge(o.clamd)
	if err != nil {
		return err
	}
	defer j.close()
	if o.previews {
		if j.tools, err = wiring.PreviewTools(); err != nil {
			return err
		}
	}
	outcomes, err := j.all(ctx, folder, files, o.previews)
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(out, outcomes)
	}
	if err := printTables(out, outcomes, copies); err != nil || !o.previews {
		return err
	}
	return printPreviews(out, outcomes)
}

// all judges each file by each role, and makes the previews of what staff may send.
func (j *judge) all(ctx context.Context, folder string, files []string, previews bool) (outcomes []outcome, err error) {
	for _, role := range roles {
		for _, name := range files {
			found, err := j.judge(ctx, folder, name, role)
			if err == nil && previews && role == staff && found.Taken {
				err = j.preview(ctx, folder, &found)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			outcomes = append(outcomes, found)
		}
	}
	return outcomes, nil
}

func printJSON(out io.Writer, outcomes []outcome) error {
	encoder := json.NewEncoder(out)
	for i := range outcomes {
		if err := encoder.Encode(outcomes[i]); err != nil {
			return err
		}
	}
	return nil
}
