// Command model is a fake of a model for the local stack. It speaks chat completions and
// messages, writes a value of the schema that it is asked for, and plays errors: the
// model "play:overloaded" is overloaded. It is no model and refuses to run as one.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"satchel/internal/devstack"
	"satchel/internal/models/modelstest"
	"satchel/internal/settings"
)

type config struct {
	Env    string        `env:"SATCHEL_ENV,required"`                                  // the programs of the local stack start only when this is `local`
	Listen string        `env:"SATCHEL_FAKE_MODEL_LISTEN" envDefault:"127.0.0.1:8412"` // address of the fake of a model
	Pause  time.Duration `env:"SATCHEL_FAKE_MODEL_PAUSE" envDefault:"10ms"`            // pause between two pieces of an answer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("fake model stopped", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	c, err := settings.Load[config]()
	if err != nil {
		return err
	}
	if c.Env != "local" {
		return errors.New("the fake model is for the local stack only: SATCHEL_ENV must be local")
	}
	return devstack.Serve(ctx, "fake model", &http.Server{Addr: c.Listen, Handler: &modelstest.Fake{Pause: c.Pause}, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute})
}
