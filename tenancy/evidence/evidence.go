// Package evidence keeps what an organization records of its own duties: those of the security
// program and notices that come each year, incidents with the time in which others must be told,
// and directives about what becomes of data. People do these things; the platform keeps when, by
// whom, and what is due. The compliance report (policies/compliance) asks these rows.
package evidence

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/policies/audit"
	"satchel/tenancy"
)

// checkText refuses what is no text of 1 to most characters.
func checkText(field, value string, most int) error {
	if strings.TrimSpace(value) == "" || !utf8.ValidString(value) || strings.ContainsRune(value, 0) || utf8.RuneCountInString(value) > most {
		return fault.New(fault.Invalid, "invalid_"+field, "%s is a text of 1 to %d characters.", field, most)
	}
	return nil
}

func record(ctx context.Context, tx *tenancy.Tx, action string, id uuid.UUID, code string) error {
	return audit.Record(ctx, tx, audit.Event{Action: action, ObjectID: id.String(), Code: code})
}

// or gives missing where there is no row.
func or(missing *fault.Fault, what string, err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return missing
	}
	return fmt.Errorf("%s: %w", what, err)
}
