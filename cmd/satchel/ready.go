package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// ready asks a program whether it is ready: the health check of images that hold no shell.
func (a *app) ready() *cobra.Command {
	var within time.Duration
	cmd := &cobra.Command{
		Use:   "ready URL",
		Short: "Ask a program whether it is ready: exit 0 for an answer of 2xx",
		Long: `Ask a program whether it is ready: exit 0 for an answer of 2xx, else 1 with what it said.

  satchel ready http://127.0.0.1:8400/readyz?for=traffic    the API: may it be sent requests?
  satchel ready http://127.0.0.1:9090/readyz                the worker, at SATCHEL_METRICS_LISTEN`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), within)
			defer cancel()
			return askReady(ctx, args[0])
		},
	}
	cmd.Flags().DurationVar(&within, "within", 4*time.Second, "how long the answer may take")
	return cmd
}

func askReady(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("not ready: status %d: %s", resp.StatusCode, strings.TrimSpace(string(said)))
	}
	return nil
}
