// Command roblox is a fake of Roblox's Open Cloud for the local stack, as it was published
// on 2026-08-22. It is not Roblox: it keeps what it is given in memory and refuses to run
// elsewhere. Of a hundred requests it answers as many badly as its settings say.
package main

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"satchel/internal/devstack"
	"satchel/internal/roblox/robloxtest"
	"satchel/internal/settings"
)

type config struct {
	Env     string `env:"SATCHEL_ENV,required"`                                   // the programs of the local stack start only when this is `local`
	Listen  string `env:"SATCHEL_FAKE_ROBLOX_LISTEN" envDefault:"127.0.0.1:8413"` // address of the fake of Roblox
	Lost    int    `env:"SATCHEL_FAKE_ROBLOX_LOST" envDefault:"0"`                // of a hundred uploads, how many have their answer lost after they were made
	Limited int    `env:"SATCHEL_FAKE_ROBLOX_LIMITED" envDefault:"0"`             // of a hundred requests, how many are answered with 429
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("fake of Roblox stopped", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	c, err := settings.Load[config]()
	if err != nil {
		return err
	}
	if c.Env != "local" {
		return errors.New("the fake of Roblox is for the local stack only: SATCHEL_ENV must be local")
	}
	fake := &robloxtest.Fake{OperationPolls: 1, Plan: func(r *http.Request, _ int) robloxtest.Play {
		switch n := rand.IntN(100); { //nolint:gosec // a fake's moods
		case n < c.Limited:
			return robloxtest.Limited
		case robloxtest.Kind(r.Method, r.URL.Path) == "create" && n < c.Limited+c.Lost:
			return robloxtest.LostAnswer
		}
		return robloxtest.Well
	}}
	return devstack.Serve(ctx, "fake of Roblox", &http.Server{Addr: c.Listen, Handler: fake, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute})
}
