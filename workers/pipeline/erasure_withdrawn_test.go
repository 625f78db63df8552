package pipeline_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/policies/consent"
	"satchel/tenancy"
	"satchel/tenancy/erasures"
	"satchel/tenancy/holds"
	erasing "satchel/workflows/erasure"
)

// withdrawal is a child with a file that the school authorized, one that is here by a parent's consent
// alone, and one that a legal hold covers besides.
type withdrawal struct {
	*worker
	child                  uuid.UUID
	schools, parents, held files.Created
	others                 files.Created // another child's, by the consent of that child's parents, which names the child
}

func newWithdrawal(t *testing.T) withdrawal {
	t.Helper()
	b, _ := encryptedBench(t)
	w := withdrawal{worker: b, child: b.Member(t, b.Org, tenancy.Student)}
	admin, ctx := b.Member(t, b.Org, tenancy.Admin), t.Context()
	b.User = w.child
	w.schools = b.published(t, "of the school")
	w.do(t, func(tx *tenancy.Tx) error {
		list, err := consent.Agreements(ctx, tx, uuid.Nil, 10)
		if err != nil {
			return err
		}
		require.NoError(t, consent.EndAgreement(ctx, tx, list[0].ID))
		_, err = tx.Exec(ctx, "insert into consent_decisions (organization_id, id, child_id, kind, method, scopes) values (app.org(), $1, $2, 'grant', 'email_plus', '{collect_use}')", tenancy.NewID(), w.child)
		require.NoError(t, err)
		_, err = tx.Exec(ctx, "select app.consent_apply(app.org(), $1)", w.child)
		return err
	})
	another := b.Member(t, b.Org, tenancy.Student)
	w.do(t, func(tx *tenancy.Tx) error {
		_, err := tx.Exec(ctx, "insert into consent_decisions (organization_id, id, child_id, kind, method, scopes) values (app.org(), $1, $2, 'grant', 'email_plus', '{collect_use}')", tenancy.NewID(), another)
		return err
	})
	b.User = another
	w.others = b.published(t, "of another child")
	w.do(t, func(tx *tenancy.Tx) error {
		_, err := tx.Exec(ctx, "insert into record_students (organization_id, file_id, student_id) values (app.org(), $1, $2)", w.others.File, w.child)
		return err
	})
	b.User = w.child
	w.parents, w.held = b.published(t, "by the consent"), b.published(t, "by the consent, and of a lawsuit")
	w.do(t, func(tx *tenancy.Tx) error {
		return holds.Place(ctx, tx, holds.New{ID: tenancy.NewID(), By: admin, Kind: holds.Legal, Scope: holds.File, Target: w.held.File, Reason: "a letter"})
	})
	b.User = admin
	return w
}

func (w withdrawal) do(t *testing.T, f func(tx *tenancy.Tx) error) {
	t.Helper()
	require.NoError(t, w.InTx(context.Background(), w.Org, f))
}

// decides records a decision of a parent as staff do.
func (w withdrawal) decides(t *testing.T, kind string) uuid.UUID {
	t.Helper()
	id := tenancy.NewID()
	w.do(t, func(tx *tenancy.Tx) error {
		_, err := consent.Decide(context.Background(), tx, consent.NewDecision{ID: id, ChildID: w.child, Kind: kind, Method: "signed_form", Scopes: []string{}, RecordedBy: w.User})
		return err
	})
	return id
}

// erases has the sweep start the erasure of a decision, and gives where that ends.
func (w withdrawal) erases(t *testing.T, id uuid.UUID) erasures.State {
	t.Helper()
	_, err := w.Admin(t).Exec(context.Background(), "update erasures set requested_at = requested_at - interval '1 minute' where id = $1 and woken_at is null", id)
	require.NoError(t, err)
	require.Equal(t, 1, w.Sweep(t, "start-erasures").Done)
	var result erasing.EraseRecordsResult
	require.NoError(t, w.Client.GetWorkflow(context.Background(), erasing.WorkflowID(w.Org, id), "").Get(context.Background(), &result))
	return result.State
}

// agreesAgain voids what the guardian said, and records a consent.
func (w withdrawal) agreesAgain(t *testing.T, tx *tenancy.Tx) error {
	t.Helper()
	_, err := tx.Exec(context.Background(), "insert into consent_decisions (organization_id, id, child_id, kind, method) values (app.org(), $1, $2, 'void', 'signed_form')", tenancy.NewID(), w.child)
	require.NoError(t, err)
	_, err = tx.Exec(context.Background(), "insert into consent_decisions (organization_id, id, child_id, kind, method, scopes) values (app.org(), $1, $2, 'grant', 'email_plus', '{collect_use}')", tenancy.NewID(), w.child)
	require.NoError(t, err)
	_, err = tx.Exec(context.Background(), "select app.consent_apply(app.org(), $1)", w.child)
	return err
}

// releasesHoldOf has two people release the hold for which an erasure waits, and the sweep look at once.
func (w withdrawal) releasesHoldOf(t *testing.T, id uuid.UUID) {
	t.Helper()
	second := w.Member(t, w.Org, tenancy.Owner)
	hold := *erasureOf(t, &w.Bench, id).Hold
	w.do(t, func(tx *tenancy.Tx) error { return holds.AskRelease(context.Background(), tx, hold, w.User, "settled") })
	w.do(t, func(tx *tenancy.Tx) error { return holds.ApproveRelease(context.Background(), tx, hold, second) })
	_, err := w.Admin(t).Exec(context.Background(), "update erasures set woken_at = woken_at - interval '1 hour' where id = $1", id)
	require.NoError(t, err)
}

// began counts the notifications of an admin about erasures that began by themselves.
func (w withdrawal) began(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, w.Single(w.Org).QueryRow(t.Context(), "select count(*) from notifications where kind = 'erasure.began' and user_id = $1", w.User).Scan(&n))
	return n
}

// TestAWithdrawnConsentErases what is here by it alone, without anybody asking: a hold goes first, the
// school's own stays, and a refusal of somebody who had not agreed begins nothing.
func TestAWithdrawnConsentErases(t *testing.T) {
	t.Parallel()
	w := newWithdrawal(t)
	id := w.decides(t, "revoke")
	e := erasureOf(t, &w.Bench, id)
	require.Equal(t, erasures.Planned, e.State)
	require.Equal(t, erasures.Consent, e.Scope)
	require.Equal(t, erasures.ConsentWithdrawn, e.Basis)
	require.Equal(t, w.child, e.Target)
	require.Nil(t, e.RequestedBy)
	require.Equal(t, 1, w.began(t), "owners and admins are told of what no officer asked for")
	// The school's file was created first, and the minute that the test takes off must not hide the others.
	_, err := w.Admin(t).Exec(context.Background(), "update files set created_at = created_at - interval '1 hour' where organization_id = $1", w.Org.UUID())
	require.NoError(t, err)
	require.Equal(t, erasures.Blocked, w.erases(t, id))
	nothingOf(t, &w.Bench, w.parents)
	require.Equal(t, 1, countEvents(t, &w.Bench, id, "erasure.request"))

	w.releasesHoldOf(t, id)
	require.Equal(t, erasures.Certified, w.erases(t, id))
	nothingOf(t, &w.Bench, w.parents, w.held)
	c, err := erasures.GetCertificate(t.Context(), w.Single(w.Org), id)
	require.NoError(t, err)
	require.EqualValues(t, 2, c.Files)
	require.Empty(t, c.RequestedBy)
	require.Empty(t, c.Person, "a person's own row does not rest on a consent")
	require.ElementsMatch(t, []erasures.Kept{{File: w.schools.File, Reason: "other_basis"}, {File: w.others.File, Reason: "other_basis"}}, c.Kept)
	for _, version := range []uuid.UUID{w.schools.Version, w.others.Version} {
		v, err := files.GetVersion(t.Context(), w.Single(w.Org), version)
		require.NoError(t, err)
		require.Equal(t, files.Published, v.Status)
	}

	_, err = erasures.Get(t.Context(), w.Single(w.Org), w.decides(t, "deny"))
	require.ErrorIs(t, err, erasures.ErrNotFound)
	_, err = erasures.Get(t.Context(), w.Single(w.Org), w.decides(t, "revoke"))
	require.ErrorIs(t, err, erasures.ErrNotFound, "nothing is here by a consent any more")
}

// TestAConsentThatComesBackKeepsItsFiles: what has a basis again when it is to be erased stays.
func TestAConsentThatComesBackKeepsItsFiles(t *testing.T) {
	t.Parallel()
	w := newWithdrawal(t)
	id := w.decides(t, "revoke")
	_, err := w.Admin(t).Exec(context.Background(), "update files set created_at = created_at - interval '1 hour' where organization_id = $1", w.Org.UUID())
	require.NoError(t, err)
	w.do(t, func(tx *tenancy.Tx) error {
		if _, err := erasures.Begin(context.Background(), tx, id); err != nil {
			return err
		}
		return w.agreesAgain(t, tx)
	})
	require.Equal(t, erasures.Certified, w.erases(t, id))
	c, err := erasures.GetCertificate(t.Context(), w.Single(w.Org), id)
	require.NoError(t, err)
	require.Zero(t, c.Files)
	require.NotEmpty(t, c.Kept)
	v, err := files.GetVersion(t.Context(), w.Single(w.Org), w.parents.Version)
	require.NoError(t, err)
	require.Equal(t, files.Published, v.Status)
}

// TestWhatWaitedForAHoldAndIsKeptComesBack: a file that lay in the trash until its hold was released, and has a
// basis again then, is not emptied with the trash.
func TestWhatWaitedForAHoldAndIsKeptComesBack(t *testing.T) {
	t.Parallel()
	w := newWithdrawal(t)
	id := w.decides(t, "revoke")
	_, err := w.Admin(t).Exec(context.Background(), "update files set created_at = created_at - interval '1 hour' where organization_id = $1", w.Org.UUID())
	require.NoError(t, err)
	require.Equal(t, erasures.Blocked, w.erases(t, id))
	trashed := func() bool {
		v, err := files.GetVersion(t.Context(), w.Single(w.Org), w.held.Version)
		require.NoError(t, err)
		return v.TrashedAt != nil
	}
	require.True(t, trashed())
	w.do(t, func(tx *tenancy.Tx) error { return w.agreesAgain(t, tx) })
	w.releasesHoldOf(t, id)
	require.Equal(t, erasures.Certified, w.erases(t, id))
	require.False(t, trashed())
	require.Equal(t, 1, countEvents(t, &w.Bench, w.held.File, "file.restore"))
}

// TestAParentsRequestErases what is here by a consent alone, without a withdrawal and without a decision; what a hold
// covers waits, the school's own and another child's stay, and the consent stands.
func TestAParentsRequestErases(t *testing.T) {
	t.Parallel()
	w := newWithdrawal(t)
	id, parent := tenancy.NewID(), w.Member(t, w.Org, tenancy.Parent)
	w.do(t, func(tx *tenancy.Tx) error {
		return erasures.TakeRequest(context.Background(), tx, erasures.NewRequest{ID: id, By: parent, Student: w.child})
	})
	require.Equal(t, 1, w.began(t))
	_, err := w.Admin(t).Exec(context.Background(), "update files set created_at = created_at - interval '1 hour' where organization_id = $1", w.Org.UUID())
	require.NoError(t, err)
	require.Equal(t, erasures.Blocked, w.erases(t, id))
	nothingOf(t, &w.Bench, w.parents)
	require.Equal(t, 1, countEvents(t, &w.Bench, id, "erasure.request"))
	w.releasesHoldOf(t, id)
	require.Equal(t, erasures.Certified, w.erases(t, id))
	nothingOf(t, &w.Bench, w.parents, w.held)
	c, err := erasures.GetCertificate(t.Context(), w.Single(w.Org), id)
	require.NoError(t, err)
	require.Equal(t, erasures.ParentRequest, c.Basis)
	require.Equal(t, parent.String(), c.RequestedBy)
	require.ElementsMatch(t, []erasures.Kept{{File: w.schools.File, Reason: "other_basis"}, {File: w.others.File, Reason: "other_basis"}}, c.Kept)
	var held int
	require.NoError(t, w.Single(w.Org).QueryRow(t.Context(), "select count(*) from files where held_since is not null").Scan(&held))
	require.Zero(t, held, "nothing was withdrawn")
	r, err := erasures.GetRequest(t.Context(), w.Single(w.Org), id)
	require.NoError(t, err)
	require.Equal(t, erasures.Received, r.State)
	require.Equal(t, erasures.Certified, r.Begun[0].State)
}
