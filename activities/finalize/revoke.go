package finalize

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/policies/verdict"
	"satchel/tenancy"
)

// RevokeVersionInput names a published version and what was found in it since.
type RevokeVersionInput struct {
	Org       tenancy.OrgID
	Version   uuid.UUID
	Signature string
	Engine    string
	Database  string
}

// RevokeVersionResult holds the current status of the version.
type RevokeVersionResult struct{ Status files.Status }

// RevokeVersion takes a published version back into quarantine.
func (a *Activities) RevokeVersion(ctx context.Context, in RevokeVersionInput) (RevokeVersionResult, error) {
	v, err := files.GetVersion(ctx, a.db.Single(in.Org), in.Version)
	if err != nil {
		return RevokeVersionResult{}, err
	}
	if v.Status == files.Published {
		if err := a.revoke(ctx, in, v); err != nil {
			return RevokeVersionResult{}, err
		}
	}
	status, err := a.cleaner.Clear(ctx, in.Org, in.Version)
	return RevokeVersionResult{Status: status}, err
}

func (a *Activities) revoke(ctx context.Context, in RevokeVersionInput, v files.Version) error {
	if _, err := copyObject(ctx, a.objects.published(v), a.objects.Quarantine, v); err != nil {
		return fmt.Errorf("bring object to quarantine: %w", err)
	}
	found := files.Verdict{Verdict: verdict.Infected, Signature: in.Signature, Engine: in.Engine, Database: in.Database}
	return a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		_, err := files.Revoke(ctx, tx, in.Version, "infected:"+in.Signature, found)
		return err
	})
}
