// Command issuer is the identity provider of the local stack. It signs tokens
// for holders of the stack's secret and for users of this machine's browser. It
// is not a product and refuses to run as one.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"satchel/internal/devstack"
	"satchel/internal/settings"
)

type config struct {
	Env      string `env:"SATCHEL_ENV,required"`                                   // the programs of the local stack start only when this is `local`
	Listen   string `env:"SATCHEL_ISSUER_LISTEN" envDefault:"127.0.0.1:8404"`      // address of the local issuer
	Issuer   string `env:"SATCHEL_OIDC_ISSUER" envDefault:"http://127.0.0.1:8404"` // issuer of the access tokens, as `iss` names it
	Audience string `env:"SATCHEL_OIDC_AUDIENCE" envDefault:"satchel"`             // audience that an access token must name
	Secret   string `env:"SATCHEL_ISSUER_SECRET,required"`                         // the secret with which the local stack mints tokens

	WebClient string `env:"SATCHEL_OIDC_WEB_CLIENT_ID" envDefault:"satchel-web"`                   // public OAuth client of the web pages; empty: the invitation page offers no sign-in
	Redirect  string `env:"SATCHEL_INVITATION_URL" envDefault:"http://127.0.0.1:8400/invitations"` // page that the link in an invitation leads to; the token follows after #

	ConsoleClient string        `env:"SATCHEL_OIDC_CONSOLE_CLIENT_ID" envDefault:"satchel-console"`     // public OAuth client of the console; empty: the console offers no sign-in
	ConsoleURL    string        `env:"SATCHEL_CONSOLE_URL" envDefault:"http://127.0.0.1:8400/console/"` // address of the console, to which the local issuer sends people back
	PageTTL       time.Duration `env:"SATCHEL_ISSUER_PAGE_TTL" envDefault:"10m"`                        // life of the access tokens that the local issuer gives to web pages

	Key string `env:"SATCHEL_ISSUER_KEY,required"` // private key of the local issuer, PEM; the file of SATCHEL_ISSUER_KEY_FILE is made when it is missing
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("issuer stopped", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	// The key's file must be there before the settings are read from it.
	if err := ensureKey(os.Getenv("SATCHEL_ISSUER_KEY_FILE")); err != nil {
		return err
	}
	c, err := settings.Load[config]()
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	i, err := newIssuer(c)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: c.Listen, Handler: i.handler(), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	return devstack.Serve(ctx, "issuer", server)
}

// check refuses every environment but a local stack: the tokens of this issuer
// prove no identity.
func (c config) check() error {
	if c.Env != "local" {
		return fmt.Errorf("SATCHEL_ENV is %q: this issuer signs for anybody and runs in local mode only. Configure a real identity provider", c.Env)
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("SATCHEL_ISSUER_LISTEN: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("SATCHEL_ISSUER_LISTEN is %q: this issuer listens on a loopback address only, such as 127.0.0.1", c.Listen)
	}
	if len(c.Secret) < 16 {
		return errors.New("SATCHEL_ISSUER_SECRET is shorter than 16 characters")
	}
	return nil
}
