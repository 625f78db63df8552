package devstack

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ending is how long the requests of a program have when it ends.
const ending = 5 * time.Second

// Serve runs the server of a program of the local stack at its address, until ctx ends.
func Serve(ctx context.Context, name string, server *http.Server) error {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", server.Addr)
	if err != nil {
		return err
	}
	slog.Info("listening", "server", name, "address", l.Addr().String())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), ending)
		defer cancel()
		_ = server.Shutdown(end)
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-stopped
	return nil
}
