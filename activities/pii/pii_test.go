package pii_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/activities/pii"
	"satchel/files"
	"satchel/internal/activitytest"
	"satchel/internal/segments"
	"satchel/internal/spool"
	"satchel/personal"
	detectors "satchel/policies/pii"
	"satchel/tenancy"
	"satchel/tenancy/people"
)

// piece is a text of the double.
type piece struct {
	at   segments.Place
	text string
}

// double plays the programs: without pieces a file is one text.
type double struct {
	pieces  []piece
	unread  []pii.Unread
	err     error
	letters error
	reads   int
}

func (d *double) tools() pii.Tools {
	return pii.Tools{
		Read: func(_ context.Context, path, _, _ string, take func(segments.Place, io.Reader) error) ([]pii.Unread, error) {
			d.reads++
			if d.err != nil {
				return nil, d.err
			}
			for _, p := range d.pieces {
				if err := take(p.at, strings.NewReader(p.text)); err != nil {
					return nil, err
				}
			}
			if d.pieces != nil {
				return d.unread, nil
			}
			content, err := os.ReadFile(path) //nolint:gosec // the test's own folder
			if err != nil {
				return nil, err
			}
			return d.unread, take(segments.Place{Part: segments.Text}, bytes.NewReader(content))
		},
		Convert: func(_ context.Context, path, _ string) (string, error) { return path, d.letters },
		Letters: func(context.Context, string, string) (string, error) { return "SSN 536-22-1876", d.letters },
		Pages:   func(context.Context, string, string) ([]string, error) { return []string{"1", "2"}, d.letters },
	}
}

const secret = "0123456789abcdef0123456789abcdef"

type bundle struct {
	*activitytest.Fixture
	*pii.Activities
	double *double
	hasher *people.Hasher
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{Fixture: activitytest.New(t), double: &double{}}
	owner, err := spool.Open(spool.Config{Dir: t.TempDir()}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, owner.Close()) })
	b.Activities, err = pii.New(b.DB, b.Staging, b.Clean, b.double.tools(), owner, people.HashConfig{Key: secret})
	require.NoError(t, err)
	b.hasher, err = people.NewHasher(people.HashConfig{Key: secret})
	require.NoError(t, err)
	return b
}

// clean makes a version that the scanner found clean, and published one that is published.
func (b *bundle) clean(t *testing.T, name, mediaType, content string) uuid.UUID {
	t.Helper()
	version := b.Scanned(t, name, []byte(content)).Version
	require.NoError(t, files.Inspected(t.Context(), b.Single(b.Org), version, files.Inspection{MimeType: mediaType}))
	return version
}

func (b *bundle) published(t *testing.T, name, mediaType, content string) uuid.UUID {
	t.Helper()
	version := b.clean(t, name, mediaType, content)
	etag, err := b.Clean.Put(t.Context(), files.ContentKey(b.Org, version), strings.NewReader(content), int64(len(content)), mediaType)
	require.NoError(t, err)
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error { return files.Publish(t.Context(), tx, version, etag) }))
	return version
}

func (b *bundle) inspect(t *testing.T, version uuid.UUID) (pii.InspectPersonalDataResult, error) {
	t.Helper()
	return activitytest.Run[pii.InspectPersonalDataResult](t, b.Activities, b.InspectPersonalData, pii.InspectPersonalDataInput{Org: b.Org, Version: version})
}

func (b *bundle) contains(t *testing.T, version uuid.UUID) *bool {
	t.Helper()
	v, err := files.GetVersion(t.Context(), b.Single(b.Org), version)
	require.NoError(t, err)
	var contains *bool
	require.NoError(t, b.Admin(t).QueryRow(t.Context(), "select contains_pii from file_versions where id = $1", v.ID).Scan(&contains))
	return contains
}

func (b *bundle) policy(t *testing.T, change func(*tenancy.Policies)) {
	t.Helper()
	require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
		p := tenancy.DefaultPolicies()
		change(&p)
		return tenancy.SetPolicies(t.Context(), tx, p)
	}))
}

func TestFindingsHaveTheirPlaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Admin(t).Exec(t.Context(), "insert into people (organization_id, user_id, kind, display_name, email_hash) values ($1, $2, 'student', 'Mia Okafor', $3)", b.Org, b.User, b.hasher.HashEmail(b.Org, "mia@school.de"))
	require.NoError(t, err)
	b.policy(t, func(p *tenancy.Policies) { p.StudentIDs = []string{`K-[0-9]{5}`, `[0-9]{6}`} })
	b.double.pieces = []piece{
		{segments.Place{Part: segments.Page, Number: 3}, "a line\nSSN 536-22-1876"},
		{segments.Place{Part: segments.Sheet, Number: 2}, "name\tssn\nAnn\t536221876\nBo\t\n"},
		{segments.Place{Member: "4/1", Part: segments.Text}, "Mia Okafor wrote from MIA@school.de, K-12345, 123456 frogs"},
		{segments.Place{Part: segments.Location}, "48.5,11.25"},
	}
	version := b.published(t, "about Mia Okafor.pdf", "application/pdf", "%PDF")
	result, err := b.inspect(t, version)
	require.NoError(t, err)
	require.Equal(t, personal.Found, result.State)
	rows, err := personal.Findings(t.Context(), b.Single(b.Org), version, 0, 100)
	require.NoError(t, err)
	type seen struct {
		category, part, member, cell string
		number, line                 int32
		person                       bool
	}
	var all []seen
	for _, r := range rows {
		all = append(all, seen{r.Category, r.Part, r.Member, r.Cell, r.PartNumber, r.Line, r.PersonID != nil && *r.PersonID == b.User})
		require.Len(t, r.ValueHmac, 32)
		require.NotContains(t, r.Masked, "536")
	}
	require.Equal(t, []seen{
		{"roster_name", "name", "", "", 0, 1, true},
		{"us_ssn", "page", "", "", 3, 2, false},
		{"us_ssn", "sheet", "", "B2", 2, 2, false},
		{"roster_name", "text", "4/1", "", 0, 1, true},
		{"roster_email", "text", "4/1", "", 0, 1, true},
		{"student_id", "text", "4/1", "", 0, 1, false},
		{"location", "location", "", "", 0, 0, false},
	}, all)
	require.Equal(t, rows[1].ValueHmac, rows[2].ValueHmac, "the same number")
	require.True(t, *b.contains(t, version))

	again, err := b.inspect(t, version)
	require.NoError(t, err)
	require.Equal(t, personal.Found, again.State)
	require.Equal(t, 1, b.double.reads, "these detectors have read it")
}

// TestUnreadIsUnknown: what was not read is never said to hold nothing.
func TestUnreadIsUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mediaType string
		change    func(*double)
		state     string
		unread    []string
	}{
		"none":             {"text/plain", func(*double) {}, personal.None, nil},
		"film":             {"video/mp4", func(d *double) { d.unread = []pii.Unread{{Reason: segments.NoText}} }, personal.Uninspectable, []string{segments.NoText}},
		"member":           {"application/zip", func(d *double) { d.unread = []pii.Unread{{Reason: segments.Picture, Member: "2"}} }, personal.Uninspectable, []string{segments.Picture}},
		"password":         {"application/pdf", func(d *double) { d.err = &segments.Unread{Reason: segments.Protected} }, personal.Uninspectable, []string{segments.Protected}},
		"child taken over": {"application/pdf", func(d *double) { d.err = segments.ErrFrames }, personal.Uninspectable, []string{"crashed"}},
		"picture":          {"image/png", func(d *double) { d.unread = []pii.Unread{{Reason: segments.Picture}} }, personal.Found, nil},
		"scan":             {"application/pdf", func(d *double) { d.unread = []pii.Unread{{Reason: segments.PicturePage}} }, personal.Found, nil},
		"no recognizer": {"image/png", func(d *double) {
			d.unread, d.letters = []pii.Unread{{Reason: segments.Picture}}, &segments.Unread{Reason: "program_not_installed"}
		}, personal.Uninspectable, []string{"program_not_installed"}},
		"no office": {"application/msword", func(d *double) { d.letters = &segments.Unread{Reason: "program_not_installed"} }, personal.Uninspectable, []string{"program_not_installed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c.change(b.double)
			version := b.published(t, "frogs", c.mediaType, "The frogs of the pond")
			result, err := b.inspect(t, version)
			require.NoError(t, err)
			require.Equal(t, c.state, result.State)
			require.ElementsMatch(t, c.unread, result.Unread)
			contains := b.contains(t, version)
			require.Equal(t, c.state == personal.Uninspectable, contains == nil)
			require.True(t, contains == nil || *contains == (c.state == personal.Found))
		})
	}
}

// TestFaultsDecideNothing: a fault is tried again, and giving up says that nothing is known.
func TestFaultsDecideNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	version := b.published(t, "a.txt", "text/plain", "one")
	b.double.err = errors.New("killed from outside")
	_, err := b.inspect(t, version)
	activitytest.RequireRefused(t, err, "internal", true)
	known, err := personal.Get(t.Context(), b.Single(b.Org), version)
	require.NoError(t, err)
	require.Equal(t, personal.Pending, known.State)
	p := pii.NewPending(b.DB, nil, pii.Config{})
	_, err = activitytest.Run[pii.GiveUpPersonalDataResult](t, p, p.GiveUpPersonalData, pii.GiveUpPersonalDataInput{Org: b.Org, Version: version})
	require.NoError(t, err)
	known, err = personal.Get(t.Context(), b.Single(b.Org), version)
	require.NoError(t, err)
	require.Equal(t, personal.Uninspectable, known.State)
	require.Nil(t, b.contains(t, version))
}

// TestHold: by policy and finding, once for a version, and never for one without.
func TestHold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hold := func(version uuid.UUID) pii.HoldPersonalDataResult {
		result, err := activitytest.Run[pii.HoldPersonalDataResult](t, b.Activities, b.HoldPersonalData, pii.HoldPersonalDataInput{Org: b.Org, Version: version})
		require.NoError(t, err)
		return result
	}
	inspected := func(content string) uuid.UUID {
		version := b.clean(t, uuid.NewString(), "text/plain", content)
		_, err := b.inspect(t, version)
		require.NoError(t, err)
		return version
	}
	labelled := inspected("ssn 536-22-1876")
	require.False(t, hold(labelled).Held, "the policy is label")
	for _, policy := range []string{tenancy.PersonalDataHold, tenancy.PersonalDataAsk} {
		b.policy(t, func(p *tenancy.Policies) { p.PersonalData = policy })
		require.False(t, hold(inspected("frogs")).Held)
		found := inspected("ssn 536-22-1876")
		want := pii.HoldPersonalDataResult{Held: true, Reason: pii.ReasonFound}
		require.Equal(t, want, hold(found))
		require.Equal(t, want, hold(found), "a second attempt says the same")
		v, err := files.GetVersion(t.Context(), b.Single(b.Org), found)
		require.NoError(t, err)
		require.Equal(t, files.Held, v.Status)
		known, err := personal.Get(t.Context(), b.Single(b.Org), found)
		require.NoError(t, err)
		require.Equal(t, []string{personal.Waiting, policy}, []string{known.Held, known.HeldBy})
		require.NoError(t, b.InTx(t.Context(), b.Org, func(tx *tenancy.Tx) error {
			waited, err := personal.Decide(t.Context(), tx, found, personal.Released, &b.User)
			require.True(t, waited)
			return errors.Join(err, files.Release(t.Context(), tx, found))
		}))
		require.False(t, hold(found).Held, "it does not wait twice")
	}
	b.double.unread = []pii.Unread{{Reason: segments.NoText}}
	require.Equal(t, pii.HoldPersonalDataResult{Held: true, Reason: pii.ReasonUnknown}, hold(inspected("film")))
}

// TestNewDetectorsReadAgain: once for each version, and never back to older ones.
func TestNewDetectorsReadAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	version := b.published(t, "a.txt", "text/plain", "one")
	due := func(detector string) int {
		due, err := b.PersonalDataDue(t.Context(), detector, -1, uuid.Nil, 10)
		require.NoError(t, err)
		return len(due)
	}
	require.Equal(t, 1, due(detectors.Version), "it is published")
	_, err := b.inspect(t, version)
	require.NoError(t, err)
	require.Zero(t, due(detectors.Version))
	require.Zero(t, due("2000-01-01.1"))
	require.Equal(t, 1, due("9999-01-01.1"))
}

// TestLongHeldAreRejected: what waits is not kept for ever, and its bytes leave the quota.
func TestLongHeldAreRejected(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.policy(t, func(p *tenancy.Policies) { p.PersonalData = tenancy.PersonalDataHold })
	version := b.clean(t, "a.txt", "text/plain", "ssn 536-22-1876")
	_, err := b.inspect(t, version)
	require.NoError(t, err)
	_, err = activitytest.Run[pii.HoldPersonalDataResult](t, b.Activities, b.HoldPersonalData, pii.HoldPersonalDataInput{Org: b.Org, Version: version})
	require.NoError(t, err)
	sweeps := pii.SweepsOf(pii.NewPending(b.DB, nil, pii.Config{HeldDays: 30}))
	_, err = activitytest.Sweep(t, sweeps, "reject-files-held-long")
	require.NoError(t, err)
	v, err := files.GetVersion(t.Context(), b.Single(b.Org), version)
	require.NoError(t, err)
	require.Equal(t, files.Held, v.Status)
	_, err = b.Admin(t).Exec(t.Context(), "update pii_inspections set held_at = now() - interval '31 days'")
	require.NoError(t, err)
	_, err = activitytest.Sweep(t, sweeps, "reject-files-held-long")
	require.NoError(t, err)
	v, err = files.GetVersion(t.Context(), b.Single(b.Org), version)
	require.NoError(t, err)
	require.Equal(t, files.Rejected, v.Status)
}
