// Command mailbox is the mail server of the local stack: it takes every mail for
// everyone, sends none on, and shows them on a page of this machine. It is not
// a product and refuses to run as one.
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

	"github.com/emersion/go-smtp"

	"satchel/internal/settings"
)

type config struct {
	Env  string `env:"SATCHEL_ENV,required"`                                    // the programs of the local stack start only when this is `local`
	Web  string `env:"SATCHEL_MAILBOX_LISTEN" envDefault:"127.0.0.1:8409"`      // address of the page that shows the mails
	SMTP string `env:"SATCHEL_MAILBOX_SMTP_LISTEN" envDefault:"127.0.0.1:8411"` // address that takes mail by SMTP
	Dir  string `env:"SATCHEL_MAILBOX_DIR,required"`                            // folder with one file a mail
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("mailbox stopped", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	c, err := settings.Load[config]()
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	box, err := openBox(c.Dir)
	if err != nil {
		return err
	}
	mail := newSMTP(box)
	web := &http.Server{Handler: newWeb(box), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	var listen net.ListenConfig
	mailListener, err := listen.Listen(ctx, "tcp", c.SMTP)
	if err != nil {
		return err
	}
	webListener, err := listen.Listen(ctx, "tcp", c.Web)
	if err != nil {
		return err
	}
	slog.Info("listening", "server", "mailbox", "smtp", c.SMTP, "web", c.Web)
	ended := make(chan error, 2)
	go func() { ended <- mail.Serve(mailListener) }()
	go func() { ended <- web.Serve(webListener) }()
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	quiet, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	_, _ = mail.Shutdown(quiet), web.Shutdown(quiet)
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return err
}

// check refuses every environment but a local stack: the mailbox shows all
// mails without authentication.
func (c config) check() error {
	if c.Env != "local" {
		return fmt.Errorf("SATCHEL_ENV is %q: this mailbox shows everybody's mail and runs in local mode only. Configure a real mail server", c.Env)
	}
	for name, address := range map[string]string{"SATCHEL_MAILBOX_LISTEN": c.Web, "SATCHEL_MAILBOX_SMTP_LISTEN": c.SMTP} {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
			return fmt.Errorf("%s is %q: the mailbox listens on a loopback address only, such as 127.0.0.1", name, address)
		}
	}
	return nil
}
