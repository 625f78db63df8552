package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/spf13/cobra"
	"golang.org/x/oauth2"

	"satchel/client"
)

// login is what the command line remembers of one login.
type login struct {
	API          string `json:"api"`
	Token        string `json:"token"`
	Organization string `json:"organization,omitempty"`
}

func (a *app) login() *cobra.Command {
	var api, org, stack, as, keyFile string
	var fromStdin bool
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Remember who you are, in a file only you can read",
		Long: `Remember who you are, in a file only you can read.

  satchel login --stack .local/satchel.json            the local stack's first organization
  satchel login --stack .local/satchel.json --as teacher
  satchel login --api URL                              opens a login with a code (RFC 8628)
  satchel login --api URL --token-stdin < token.txt    a token that you already have
  satchel login --api URL --key-file key.txt           an API key, for machines`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l := login{API: strings.TrimRight(api, "/"), Organization: org}
			var err error
			switch {
			case stack != "":
				l, err = loginFromStack(stack, as)
			case api == "":
				return errors.New("name the API with --api URL, or the local stack with --stack .local/satchel.json")
			case keyFile != "":
				l.Token, err = readKeyFile(keyFile)
			case fromStdin:
				l.Token, err = readToken(cmd)
			default:
				l.Token, err = loginWithCode(cmd.Context(), l.API)
			}
			if err != nil {
				return err
			}
			return a.remember(cmd, l)
		},
	}
	cmd.Flags().StringVar(&api, "api", "", "base URL of the API")
	cmd.Flags().StringVar(&org, "org", "", "organization id, for people of several organizations")
	cmd.Flags().StringVar(&stack, "stack", "", "satchel.json of a local stack")
	cmd.Flags().StringVar(&as, "as", "owner", "with --stack: owner, teacher, student or operator")
	cmd.Flags().BoolVar(&fromStdin, "token-stdin", false, "read an access token from standard input")
	cmd.Flags().StringVar(&keyFile, "key-file", "", "read an API key from a file")
	return cmd
}

// remember tries the login before it is kept.
func (a *app) remember(cmd *cobra.Command, l login) error {
	c := client.Client{Base: l.API, Token: l.Token, Org: l.Organization}
	var quota map[string]any
	err := c.Call(cmd.Context(), http.MethodGet, "/api/v1/storage/quota", nil, &quota)
	var p *client.Problem
	if err != nil && (!errors.As(err, &p) || p.Status == http.StatusUnauthorized) {
		return fmt.Errorf("the login does not work: %w", err)
	}
	path, err := loginPath(a.profile)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err
	}
	return a.say(cmd, map[string]string{"api": l.API, "organization": l.Organization}, "Logged in to %s\n", l.API)
}

func (a *app) logout() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Remove the stored login", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := loginPath(a.profile)
			if err != nil {
				return err
			}
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return a.say(cmd, map[string]bool{"logged_out": true}, "Logged out\n")
		},
	}
}

func loginPath(profile string) (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	if profile != filepath.Base(profile) {
		return "", fmt.Errorf("--profile is a plain word, not %q", profile)
	}
	return filepath.Join(dir, "satchel", profile+".json"), nil
}

func loadLogin(profile string) (login, error) {
	var l login
	path, err := loginPath(profile)
	if err != nil {
		return l, err
	}
	b, err := os.ReadFile(path) //nolint:gosec // the person's own folder and a profile that is a plain word
	if errors.Is(err, os.ErrNotExist) {
		return l, errors.New("you are not logged in. Begin with: satchel login --help")
	}
	if err != nil {
		return l, err
	}
	return l, json.Unmarshal(b, &l)
}

func loginFromStack(path, as string) (login, error) {
	b, err := os.ReadFile(path) //nolint:gosec // the person names the file
	if err != nil {
		return login{}, fmt.Errorf("read the local stack: %w. Is `make run` up?", err)
	}
	var stack struct {
		API           string `json:"api"`
		OperatorToken string `json:"operator_token"`
		Organizations []struct {
			ID           string `json:"id"`
			OwnerToken   string `json:"owner_token"`
			TeacherToken string `json:"teacher_token"`
			StudentToken string `json:"student_token"`
		} `json:"organizations"`
	}
	if err := json.Unmarshal(b, &stack); err != nil {
		return login{}, fmt.Errorf("%s: %w", path, err)
	}
	if len(stack.Organizations) == 0 {
		return login{}, fmt.Errorf("%s names no organization yet. Wait until `make run` says that it is ready", path)
	}
	org := stack.Organizations[0]
	switch as {
	case "owner":
		return login{API: stack.API, Token: org.OwnerToken, Organization: org.ID}, nil
	case "teacher":
		return login{API: stack.API, Token: org.TeacherToken, Organization: org.ID}, nil
	case "student":
		return login{API: stack.API, Token: org.StudentToken, Organization: org.ID}, nil
	case "operator":
		return login{API: stack.API, Token: stack.OperatorToken}, nil
	}
	return login{}, fmt.Errorf("--as is owner, teacher, student or operator, not %q", as)
}

func readToken(cmd *cobra.Command) (string, error) {
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if token := strings.TrimSpace(line); token != "" {
		return token, nil
	}
	return "", fmt.Errorf("standard input holds no token: %w", err)
}

// readKeyFile reads a file that holds a key and nothing else. What it holds
// instead is not repeated: it may be another secret.
func readKeyFile(path string) (string, error) {
	b, err := os.ReadFile(path) //nolint:gosec // the person names the file
	if err != nil {
		return "", fmt.Errorf("read the key: %w", err)
	}
	key := strings.TrimSpace(string(b))
	if !strings.HasPrefix(key, "stl_") || strings.ContainsAny(key, " \t\r\n") {
		return "", fmt.Errorf("%s holds no API key: one line that begins with stl_", path)
	}
	return key, nil
}

// loginWithCode is the device authorization grant: this program shows a code,
// the person confirms it in any browser. The API says who its issuer is
// (RFC 9728).
func loginWithCode(ctx context.Context, api string) (string, error) {
	var meta struct {
		Issuers []string `json:"authorization_servers"`
	}
	c := client.Client{Base: api}
	if err := c.Call(ctx, http.MethodGet, "/.well-known/oauth-protected-resource", nil, &meta); err != nil {
		return "", fmt.Errorf("ask %s who its issuer is: %w. A token goes in with --token-stdin", api, err)
	}
	if len(meta.Issuers) == 0 {
		return "", fmt.Errorf("%s names no issuer; pass a token with --token-stdin", api)
	}
	provider, err := oidc.NewProvider(ctx, meta.Issuers[0])
	if err != nil {
		return "", fmt.Errorf("ask the issuer: %w", err)
	}
	conf := oauth2.Config{ClientID: "satchel-cli", Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID}}
	code, err := conf.DeviceAuth(ctx)
	if err != nil {
		return "", fmt.Errorf("ask the issuer for a code: %w", err)
	}
	fmt.Fprintf(os.Stderr, "Open %s and confirm the code %s\n", code.VerificationURI, code.UserCode)
	token, err := conf.DeviceAccessToken(ctx, code)
	if err != nil {
		return "", fmt.Errorf("wait for the confirmation: %w", err)
	}
	return token.AccessToken, nil
}
