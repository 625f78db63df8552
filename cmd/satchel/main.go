// Command satchel is Satchel's REST contract on the command line: log in,
// upload and wait for the outcome, list, fetch, delete.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"satchel/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		if !errors.Is(err, errOutcome) {
			fmt.Fprintln(os.Stderr, "satchel:", advised(err))
		}
		os.Exit(1)
	}
}

// errOutcome ends the program unsuccessfully after everything was said.
var errOutcome = errors.New("not every file was published")

// app holds what all commands share.
type app struct {
	json    bool
	profile string
}

func root() *cobra.Command {
	a := &app{}
	cmd := &cobra.Command{
		Use:   "satchel",
		Short: "Upload, list and fetch files of a Satchel organization",
		Long: `Upload, list and fetch files of a Satchel organization.

  satchel login --stack .local/satchel.json     the local stack, as an owner
  satchel login --api https://files.school.example
  satchel upload essay.pdf photos/*.jpg         resumable; waits for the outcome
  satchel upload essay.pdf --to "Class 7b/Essay 1"
  satchel space list
  satchel ls
  satchel get 0198c2b4-… -o essay.pdf

A machine needs no login: SATCHEL_API=URL SATCHEL_TOKEN=key satchel upload …

Every command takes --json for programs. A command that fails says what
happened and what to do next, and exits with 1.`,
		SilenceUsage: true, SilenceErrors: true,
	}
	cmd.SetOut(os.Stdout)
	cmd.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON instead of tables")
	cmd.PersistentFlags().StringVar(&a.profile, "profile", "default", "which login to use")
	cmd.AddCommand(a.login(), a.logout(), a.upload(), a.list(), a.search(), a.get(), a.remove(), a.restore(), a.versions(), a.trash(), a.tag(), a.status(), a.audit(), a.events(), a.webhooks(), a.keys(),
		a.whoami(), a.member(), a.people(), a.invite(), a.guardian(), a.org(),
		a.space(), a.share(), a.zip(), a.link(), a.folder(), a.move(), a.handin(), a.roster(), a.jobs(), a.queue(), a.generate(), a.reports(), a.personalData(), a.roblox(), a.holds(), a.retention(), a.compliance(), a.importing(), a.admin(), a.doctor(), a.consent(), a.accessRequests(), a.directory(), a.amendments(), a.disclosureConsents(), a.erase(), a.erasureRequests(), a.certificates(), a.ready())
	return cmd
}

// client gives the API as the person who logged in, or as SATCHEL_TOKEN says:
// an API key or access token that a machine was given. SATCHEL_API names the API
// where no one logged in, SATCHEL_ORGANIZATION the organization.
func (a *app) client() (*client.Client, error) {
	if token := strings.TrimSpace(os.Getenv("SATCHEL_TOKEN")); token != "" {
		return a.machine(token)
	}
	login, err := loadLogin(a.profile)
	if err != nil {
		return nil, err
	}
	return &client.Client{Base: login.API, Token: login.Token, Org: login.Organization}, nil
}

// machine takes from a login nothing but the API's address: the login's
// organization belongs to another token.
func (a *app) machine(token string) (*client.Client, error) {
	base := strings.TrimRight(os.Getenv("SATCHEL_API"), "/")
	if base == "" {
		login, err := loadLogin(a.profile)
		if err != nil || login.API == "" {
			return nil, errors.New("SATCHEL_TOKEN is set, but nothing says where to: set SATCHEL_API to the API's base URL")
		}
		base = login.API
	}
	return &client.Client{Base: base, Token: token, Org: os.Getenv("SATCHEL_ORGANIZATION")}, nil
}
