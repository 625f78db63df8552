package extract

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/activities/extract/extractdb"
	"satchel/policies/previews"
	"satchel/tenancy"
)

// reasonRecognizer says that letters on pictures are not recognized here. It is told
// apart from other programs: a PDF may need either, and must not be read in vain again
// and again for want of the one while the other is there.
const reasonRecognizer = "recognizer_not_installed"

// reasonProgram is what tools say of a program that is not installed.
const reasonProgram = "program_not_installed"

// Retry has texts read that could not be read before for want of a program.
type Retry struct {
	DB    *tenancy.DB
	Tools Tools
}

// Again lets a text be read that ended for this reason, where this machine has the program
// now. The sweep of pending texts starts it.
func (r Retry) Again(ctx context.Context, org tenancy.OrgID, version uuid.UUID, mediaType, reason string) error {
	row, known := previews.For(mediaType)
	method := row.Method
	if reason == reasonRecognizer {
		method = previews.Picture
	}
	if !known || r.Tools.Available == nil || !r.Tools.Available(method) {
		return nil
	}
	if _, err := extractdb.New(r.DB.Single(org)).TextAgain(ctx, version); err != nil {
		return fmt.Errorf("let text be read again: %w", err)
	}
	return nil
}
