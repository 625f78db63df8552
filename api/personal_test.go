package api

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	apipersonal "satchel/api/personal"
	"satchel/api/storage"
	"satchel/files"
	"satchel/personal"
	"satchel/policies/pii"
	"satchel/tenancy"
)

// inspected plays an inspection that found one number, and then waits by a policy where one is given.
func (b *testBundle) inspected(org tenancy.OrgID, version uuid.UUID, policy string) error {
	ctx := context.Background()
	return b.db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		found := personal.Result{Detector: pii.Version, Findings: []personal.Finding{{
			Finding: pii.Finding{Category: pii.SSN, Score: 0.9, Reasons: []string{"form", "a word of context, before it"}, Masked: "…1876", HMAC: pii.Hash(make([]byte, 32), pii.SSN, "536221876")},
			Place:   personal.Place{Part: "sheet", Number: 2, Cell: "B14", Line: 14},
		}}}
		if err := personal.Store(ctx, tx, version, found); err != nil || policy == "" {
			return err
		}
		if _, err := personal.Hold(ctx, tx, version, policy); err != nil {
			return err
		}
		return files.Hold(ctx, tx, version, "personal_data_found")
	})
}

// waiting uploads a file that waits for a decision.
func (p *person) waiting(policy string) storage.FileView {
	file := p.upload(uuid.NewString()+".txt", []byte("SSN 536-22-1876"))
	v, err := files.Get(p.b.t.Context(), p.b.db.Single(p.org), file.ID)
	require.NoError(p.b.t, err)
	require.NoError(p.b.t, p.b.inspected(p.org, v.VersionID, policy))
	return file
}

func TestPersonalDataOfAFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	file := owner.published("list.txt", "SSN 536-22-1876")
	var known apipersonal.InspectionView
	known = read[apipersonal.InspectionView](owner.call(get, at(file.ID, "/pii-findings"), nil).is(200))
	require.Equal(t, personal.Pending, known.State)
	require.Nil(t, known.Contains)
	v, err := files.Get(t.Context(), b.db.Single(owner.org), file.ID)
	require.NoError(t, err)
	require.NoError(t, b.inspected(owner.org, v.VersionID, ""))
	answered := owner.call(get, at(file.ID, "/pii-findings"), nil)
	known = read[apipersonal.InspectionView](answered.is(200))
	require.Equal(t, personal.Found, known.State)
	require.True(t, *known.Contains)
	require.Len(t, known.Items, 1)
	require.Equal(t, []string{"form", "a word of context, before it"}, known.Items[0].Reasons)
	require.Equal(t, "B14", known.Items[0].Cell)
	require.NotContains(t, string(answered.body), "536")
	require.NotContains(t, string(answered.body), "hmac")

	stranger := b.person(owner.org, tenancy.Student)
	stranger.call(get, at(file.ID, "/pii-findings"), nil).refused(404, "file_not_found")
	stranger.call(post, at(file.ID, "/rescan-pii"), nil).is(403)
	owner.call(get, at(file.ID, "/pii-findings?version=9"), nil).refused(404, "file_not_found")
	owner.call(post, at(file.ID, "/rescan-pii"), nil).is(202)
	known = read[apipersonal.InspectionView](owner.call(get, at(file.ID, "/pii-findings"), nil).is(200))
	require.Equal(t, personal.Pending, known.State)
}

// TestWhoDecidesAboutAFileThatWaits: who administers, and with the policy ask who uploaded it.
func TestWhoDecidesAboutAFileThatWaits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	teacher, other := b.person(owner.org, tenancy.Teacher), b.person(owner.org, tenancy.Teacher)
	held, asked := teacher.waiting(tenancy.PersonalDataHold), teacher.waiting(tenancy.PersonalDataAsk)
	var file storage.FileView
	file = read[storage.FileView](teacher.call(get, at(held.ID, ""), nil).is(200))
	require.Equal(t, files.Held, file.Status)
	require.Contains(t, file.StatusText, "administrator")
	teacher.call(get, at(held.ID, "/content"), nil).is(409)
	teacher.call(post, at(held.ID, "/release"), nil).refused(403, files.ErrNotYours.Code)
	other.call(post, at(asked.ID, "/release"), nil).refused(404, "file_not_found")
	teacher.call(get, storagePath+"/held", nil).is(403)
	listed := owner.call(get, storagePath+"/held", nil)
	listed.is(200)
	require.Equal(t, 2, strings.Count(string(listed.body), `"us_ssn"`))
	require.NotContains(t, string(listed.body), held.Name)

	teacher.call(post, at(asked.ID, "/release"), nil).is(202)
	owner.call(post, at(held.ID, "/release"), nil).is(202)
	owner.call(post, at(held.ID, "/release"), nil).refused(409, "not_held")
	file = read[storage.FileView](teacher.call(get, at(held.ID, ""), nil).is(200))
	require.Equal(t, files.Processing, file.Status)

	rejected := teacher.waiting(tenancy.PersonalDataHold)
	owner.call(post, at(rejected.ID, "/reject"), nil).is(202)
	file = read[storage.FileView](teacher.call(get, at(rejected.ID, ""), nil).is(200))
	require.Equal(t, files.Rejected, file.Status)
	require.Equal(t, "personal_data_rejected", file.StatusReason)
	owner.call(post, at(rejected.ID, "/release"), nil).refused(409, "not_held")
}

// TestReleaseWaitsForTheConsentToo: a child's file that waits for two reasons is not published
// by the decision about one.
func TestReleaseWaitsForTheConsentToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	pupil := b.person(owner.org, tenancy.Student)
	held := pupil.waiting(tenancy.PersonalDataHold)
	owner.endAgreements()
	owner.call(post, at(held.ID, "/release"), nil).consentRefused("consent_required", noBasis)
	require.Contains(t, string(owner.call(get, storagePath+"/held", nil).is(200).body), held.ID.String(), "it waits on")
	owner.made(owner.orgPath("/agreements"), newAgreement)
	owner.call(post, at(held.ID, "/release"), nil).is(202)
}

// TestRestrictedSharing: a file with personal data stays inside, and so does one of which that
// is not known.
func TestRestrictedSharing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.person(b.organization(), tenancy.Owner)
	owner.call(patch, orgPath(owner.org, "/policies"), map[string]any{"pii_policy": "restrict_sharing", "pii_student_ids": []string{"[0-9]{6}"}}).is(200)
	owner.call(patch, orgPath(owner.org, "/policies"), map[string]any{"pii_policy": "none"}).is(400)
	owner.call(patch, orgPath(owner.org, "/policies"), map[string]any{"pii_student_ids": []string{"("}}).is(400)
	share := func(file uuid.UUID) answer {
		return owner.call(post, storagePath+"/share", map[string]any{"kind": "link", "file_id": file, "permission": "download"})
	}
	file := owner.published("list.txt", "the frogs")
	v, err := files.Get(t.Context(), b.db.Single(owner.org), file.ID)
	require.NoError(t, err)
	refused := share(file.ID)
	refused.refused(403, "not_disclosed")
	require.Contains(t, string(refused.body), "personal_not_known")
	require.NoError(t, b.db.InTx(t.Context(), owner.org, func(tx *tenancy.Tx) error {
		return personal.Store(t.Context(), tx, v.VersionID, personal.Result{Detector: pii.Version})
	}))
	share(file.ID).is(201)
	require.NoError(t, b.inspected(owner.org, v.VersionID, ""))
	refused = share(file.ID)
	refused.refused(403, "not_disclosed")
	require.Contains(t, string(refused.body), "personal_stays_inside")
}
