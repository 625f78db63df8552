package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/client"
	"satchel/tenancy/erasures"
)

// erase are the commands of those who have something erased.
func (a *app) erase() *cobra.Command {
	var org string
	cmd := &cobra.Command{
		Use: "erase", Short: "Have a file erased, or the files of a person",
		Long: `Have a file erased, or the files of a person. What is erased does not come back.

  satchel erase file FILE --basis school_directive --reference 'case 12'
  satchel erase person USER --basis parent_request
  satchel erase list
  satchel erase certificate ID --to certificate.json
  satchel certificate verify certificate.json --key audit-public-key

docs/compliance/erasure.md says what goes, what a hold keeps, and what a certificate says.`,
	}
	cmd.PersistentFlags().StringVar(&org, "org", "", "organization id (default: the login's)")
	for _, scope := range []string{"file", "person"} {
		n := client.NewErasure{Scope: scope}
		ask := a.eraseCommand(&org, scope+" ID", "Have a "+scope+"'s bytes and rows erased", 1, func(cmd *cobra.Command, c *client.Client, args []string) (client.Erasure, error) {
			n.Target = args[0]
			return c.Erase(cmd.Context(), n)
		})
		ask.Flags().StringVar(&n.Basis, "basis", "", "parent_request, student_request, consent_withdrawn, school_directive or contract_end")
		ask.Flags().StringVar(&n.Reference, "reference", "", "number of the letter or case in your files, without a name")
		_ = ask.MarkFlagRequired("basis")
		cmd.AddCommand(ask)
	}
	list := a.eraseCommand(&org, "list", "List erasures, newest first", 0, nil)
	list.RunE = func(cmd *cobra.Command, _ []string) error {
		c, _, err := a.manager(org)
		if err != nil {
			return err
		}
		found, err := c.Erasures(cmd.Context())
		if err != nil {
			return err
		}
		return a.sayErasures(cmd, found, found...)
	}
	cmd.AddCommand(list, a.eraseCommand(&org, "show ID", "Show how far an erasure is", 1, func(cmd *cobra.Command, c *client.Client, args []string) (client.Erasure, error) {
		return c.Erasure(cmd.Context(), args[0])
	}), a.eraseCertificate(&org))
	return cmd
}

// eraseCommand is a command whose answer is one erasure.
func (a *app) eraseCommand(org *string, use, short string, args int, do func(cmd *cobra.Command, c *client.Client, args []string) (client.Erasure, error)) *cobra.Command {
	return answerCommand(a, org, use, short, args, func(cmd *cobra.Command, c *client.Client, _ string, args []string) (client.Erasure, error) {
		return do(cmd, c, args)
	}, a.sayErasures)
}

func (a *app) sayErasures(cmd *cobra.Command, answer any, list ...client.Erasure) error {
	if a.json {
		return a.say(cmd, answer, "")
	}
	t := table(cmd, "ID", "SCOPE", "TARGET", "BASIS", "STATE", "ERASED", "KEPT", "REQUESTED")
	for _, e := range list {
		state := e.State
		if e.Hold != nil {
			state += " by hold " + *e.Hold
		}
		t.row(e.ID, e.Scope, e.Target, e.Basis, state, fmt.Sprintf("%d of %d", e.Erased, e.Versions), strconv.FormatInt(e.Kept, 10), e.Requested.Format(time.DateOnly))
	}
	t.flush()
	return nil
}

func (a *app) eraseCertificate(org *string) *cobra.Command {
	var to, format string
	cmd := &cobra.Command{
		Use: "certificate ID", Short: "Fetch the certificate of an erasure", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, _, err := a.manager(*org)
			if err != nil {
				return err
			}
			if to == "" && format != "pdf" {
				return c.ErasureCertificate(cmd.Context(), args[0], format, cmd.OutOrStdout())
			}
			if to == "" {
				to = "certificate-" + args[0] + ".pdf"
			}
			f, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the file that its user names
			if err != nil {
				return err
			}
			if err := errors.Join(c.ErasureCertificate(cmd.Context(), args[0], format, f), f.Close()); err != nil {
				return fmt.Errorf("%s is incomplete: %w", to, err)
			}
			return a.say(cmd, map[string]string{"file": to}, "The certificate is in %s.\n", to)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the file to write (default: standard output, or certificate-ID.pdf)")
	cmd.Flags().StringVar(&format, "format", "json", "json, which is what is signed, or pdf")
	return cmd
}

// certificates are the commands of those who hold a certificate.
func (a *app) certificates() *cobra.Command {
	cmd := &cobra.Command{Use: "certificate", Short: "Check certificates of erasures"}
	var key string
	verify := &cobra.Command{
		Use: "verify FILE", Short: "Check the signature of a certificate, without the platform", Args: cobra.ExactArgs(1),
		Long: `Check the signature of a certificate, as JSON, with the platform's public key (audit-public-key).

It asks no server. The exit status is 1 where the certificate was changed, or another key signed it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			trusted, err := readPublicKeys(key)
			if err != nil {
				return err
			}
			b, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			c, err := erasures.ReadCertificate(b, trusted...)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return a.say(cmd, c, "Signed by key %s: the %s %s of organization %s was erased by %s, %d files in %d versions; %d files were kept.\n",
				c.Key, c.Scope, c.Target, c.Organization, c.CertifiedAt, c.Files, c.Versions, len(c.Kept))
		},
	}
	verify.Flags().StringVar(&key, "key", "audit-public-key", "the file with the public key, or several, one a line")
	cmd.AddCommand(verify)
	return cmd
}

// readPublicKeys reads the file that satchel audit keygen writes for auditors, or several in one.
func readPublicKeys(name string) (keys []ed25519.PublicKey, err error) {
	b, err := os.ReadFile(name) //nolint:gosec // the file that its user names
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Fields(string(b)) {
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("%s holds something else than public keys: each line is the base64 of 32 bytes, as satchel audit keygen writes audit-public-key", name)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s holds no public key", name)
	}
	return keys, nil
}
