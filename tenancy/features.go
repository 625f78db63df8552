package tenancy

import (
	"context"
	"slices"

	"satchel/internal/fault"
)

// The features of tiers that the platform knows.
const (
	FeatureKeys        = "api_keys"     // API keys, those that were made before too
	FeatureAuditExport = "audit_export" // the audit log as one file
	FeatureModels      = "models"       // documents made by models of others
)

// ErrFeature refuses what the organization's tier does not have.
var ErrFeature = fault.New(fault.Denied, "feature_not_in_tier", "Your organization's tier does not have this. An owner can ask support for a larger one.")

// RequireFeature refuses when the tier of the organization to which q is bound
// lacks a feature.
func RequireFeature(ctx context.Context, q Queries, feature string) error {
	t, err := GetTier(ctx, q)
	if err != nil {
		return err
	}
	if !slices.Contains(t.Features, feature) {
		return ErrFeature
	}
	return nil
}
