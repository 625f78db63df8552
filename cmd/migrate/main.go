// Command migrate brings a database to the schema and the access rules of this
// build. It is the only program that runs DDL and the only one that holds the
// owner role's password.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"satchel/internal/schema"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		os.Exit(1)
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:          "migrate",
		Short:        "Apply Satchel's schema and access rules to a database",
		SilenceUsage: true,
		Long: `Apply Satchel's schema and access rules to a database.

The database is named by SATCHEL_OWNER_DATABASE_URL (or …_FILE), as the role
that owns it; SATCHEL_OWNER_DATABASE_CLUSTERS (or …_FILE) names further clusters. SATCHEL_APP_PASSWORD (or …_FILE) becomes the password of the role
satchel_app, with which api and worker log in.`,
	}
	cmd.AddCommand(up(), operator())
	return cmd
}

func up() *cobra.Command {
	return &cobra.Command{
		Use:   "up",
		Short: "Apply what is missing, then what differs of the access rules",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := schema.FromEnvironment()
			if err != nil {
				return err
			}
			clusters, err := c.Each()
			if err != nil {
				return err
			}
			for _, one := range clusters {
				if err := upOne(cmd, one); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func upOne(cmd *cobra.Command, c schema.Config) error {
	where := ""
	if c.Name() != "" {
		where = "cluster " + c.Name() + ": "
	}
	version, err := schema.Up(cmd.Context(), c)
	if err != nil {
		return fmt.Errorf("%s%w", where, err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%sschema at version %d, access rules applied\n", where, version)
	return err
}

func operator() *cobra.Command {
	var issuer, subject string
	cmd := &cobra.Command{
		Use:   "operator --issuer URL --subject ID",
		Short: "Make a person a platform operator (the first one cannot be made through the API)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := schema.FromEnvironment()
			if err != nil {
				return err
			}
			return schema.AddOperator(cmd.Context(), c, issuer, subject)
		},
	}
	cmd.Flags().StringVar(&issuer, "issuer", "", "the OIDC issuer's URL, as in the token's iss")
	cmd.Flags().StringVar(&subject, "subject", "", "the person's id there, as in the token's sub")
	_ = cmd.MarkFlagRequired("issuer")
	_ = cmd.MarkFlagRequired("subject")
	return cmd
}
