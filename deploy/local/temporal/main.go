// Command temporal is the workflow server of a local Satchel: Temporal's own server with its web UI in one process,
// keeping its state in one SQLite file.
//
// It understands the flags of `temporal server start-dev` that the local stack and the SDK's test suite use, so the
// two programs are interchangeable: the stack starts whichever it finds. Everything listens on the loopback
// interface only, and the server's own call home is off.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"go.temporal.io/server/common/headers"
	"go.temporal.io/server/common/log"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	uiversion "github.com/temporalio/ui-server/v2/server/version"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "temporal:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 1 && args[0] == "--version" {
		// The words of the Temporal CLI: the stack names the database file after the server version it reads here.
		fmt.Printf("temporal version 0.0.0-satchel (Server %s, UI %s)\n", headers.ServerVersion, uiversion.UIVersion)
		return nil
	}
	if len(args) < 2 || args[0] != "server" || args[1] != "start-dev" {
		return fmt.Errorf("unknown command %q; say `temporal server start-dev --help`", args)
	}
	o, err := parseOptions(args[2:])
	if err != nil {
		return err
	}
	return serve(o)
}

// serve runs the server and its UI until the process is asked to end.
func serve(o options) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)

	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Stdout: true, Level: o.logLevel, Format: o.logFormat}))
	server, err := newServer(o, logger)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start the server on %s: %w", o.frontend(), err)
	}
	if !o.headless {
		ui := newUI(o)
		go func() { _ = ui.Start() }() // it logs its failure and ends the process itself
		defer ui.Stop()
	}
	<-stop
	if err := server.Stop(); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	return nil
}

func newUI(o options) *uiserver.Server {
	return uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: o.frontend(),
		Host:                o.uiIP,
		Port:                o.uiPort,
		EnableUI:            true,
		DefaultNamespace:    o.namespaces[0],
		DisableNewsFetch:    true, // the browser would ask a public host for it
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain http on loopback
	}))
}
