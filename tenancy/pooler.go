package tenancy

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// parameters are what every connection of the platform runs with.
func (c Config) parameters() map[string]string {
	return map[string]string{
		"statement_timeout":                   fmt.Sprint(c.Timeout.Milliseconds()),
		"idle_in_transaction_session_timeout": "60000",
		// The access rule makes plans look expensive. Compiling one takes half a second; the
		// statements here take milliseconds.
		"jit": "off",
	}
}

// session is how a connection is made that is kept. Behind a pooler of transactions a LISTEN
// is accepted and hears nothing, and a lock of a session is given to who comes next, so both
// go past it.
func (c Config) session(shared *pgx.ConnConfig) (*pgx.ConnConfig, error) {
	config := shared.Copy()
	switch {
	case c.SessionURL != "":
		parsed, err := pgx.ParseConfig(c.SessionURL)
		if err != nil {
			return nil, errors.New("SATCHEL_DATABASE_SESSION_URL is not a valid connection string") // it holds a password
		}
		config = parsed
	case c.Pooler:
		return nil, errors.New("SATCHEL_DATABASE_POOLER needs SATCHEL_DATABASE_SESSION_URL, the same database without the pooler: notifications and locks do not go through one")
	}
	maps.Copy(config.RuntimeParams, c.parameters())
	return config, nil
}

// sessionURL is where such a connection leads.
func (c Config) sessionURL() string { return cmp.Or(c.SessionURL, c.URL) }

// pooled sets a connection for a pooler of transactions. What was prepared on one server
// connection is unknown to the next, so statements are described and not prepared. The pooler
// refuses the parameters of a session, so each transaction sets them for itself: they are
// added to the statement that binds it.
func pooled(c *pgx.ConnConfig, parameters map[string]string) string {
	c.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	var local strings.Builder
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		fmt.Fprintf(&local, ", set_config('%s', '%s', true)", name, parameters[name])
	}
	return local.String()
}
