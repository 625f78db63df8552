// Package pii looks for personal data in versions of files: it has their texts read in a
// confined child, gives these to the detectors, and keeps where something was found. It
// never fails a file: what cannot be read is said to be unknown.
package pii

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/files"
	"satchel/internal/queue"
	"satchel/internal/segments"
	"satchel/internal/spool"
	"satchel/personal"
	"satchel/policies/pii"
	"satchel/policies/types"
	"satchel/tenancy"
	"satchel/tenancy/people"
)

// Source reads an object, if it still has the given ETag.
type Source interface {
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
}

// Unread is what a reader could not read of a file.
type Unread struct{ Reason, Member string }

// Tools read files. Each gets a folder of its own to write to. What they cannot read of a
// file is an *segments.Unread; every other error is worth another try.
type Tools struct {
	// Read gives every text of a file, and tells what was not read.
	Read func(ctx context.Context, path, mediaType, work string, take func(segments.Place, io.Reader) error) ([]Unread, error)
	// Convert makes a PDF of a document in an old format.
	Convert func(ctx context.Context, path, work string) (string, error)
	// Letters recognizes what is written on a picture.
	Letters func(ctx context.Context, path, work string) (string, error)
	// Pages are the first pages of a PDF as pictures.
	Pages func(ctx context.Context, path, work string) ([]string, error)
}

// Activities are the activities of this package.
type Activities struct {
	db            *tenancy.DB
	staged, clean Source
	tools         Tools
	spool         *spool.Owner
	known         *detectors
}

// New makes the activities. The secret gives the keys of organizations under which values
// are told apart.
func New(db *tenancy.DB, staged, clean Source, tools Tools, s *spool.Owner, secret people.HashConfig) (*Activities, error) {
	hasher, err := people.NewHasher(secret)
	if err != nil {
		return nil, err
	}
	return &Activities{db: db, staged: staged, clean: clean, tools: tools, spool: s, known: &detectors{hasher: hasher, secret: []byte(secret.Key)}}, nil
}

// InspectPersonalDataInput names the version.
type InspectPersonalDataInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// InspectPersonalDataResult says what became of it in codes and numbers.
type InspectPersonalDataResult struct {
	State    string
	Findings int
	Unread   []string
}

// InspectPersonalData reads a version and stores what was found. One that these detectors
// have inspected is not read again.
func (a *Activities) InspectPersonalData(ctx context.Context, in InspectPersonalDataInput) (InspectPersonalDataResult, error) {
	q := a.db.Single(in.Org)
	v, err := files.GetVersion(ctx, q, in.Version)
	if err != nil {
		return InspectPersonalDataResult{}, err
	}
	known, err := personal.Get(ctx, q, in.Version)
	switch {
	case err == nil && known.State != personal.Pending && known.Detector >= pii.Version:
		return InspectPersonalDataResult{State: known.State, Unread: known.Unread}, nil
	case err != nil && !errors.Is(err, personal.ErrNotInspected):
		return InspectPersonalDataResult{}, err
	}
	source, key, etag, err := a.lies(v)
	if err != nil {
		return InspectPersonalDataResult{}, err
	}
	defer queue.Heartbeat(ctx)()
	detector, err := a.known.of(ctx, q, in.Org)
	if err != nil {
		return InspectPersonalDataResult{}, err
	}
	found, err := a.inspect(ctx, v, detector, source, key, etag)
	if err != nil {
		return InspectPersonalDataResult{}, fmt.Errorf("inspect for personal data: %w", err)
	}
	err = a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error { return personal.Store(ctx, tx, in.Version, found) })
	return InspectPersonalDataResult{State: found.State(), Findings: len(found.Findings), Unread: found.Unread}, err
}

// lies finds the bytes of a version.
func (a *Activities) lies(v files.Version) (source Source, key, etag string, err error) {
	switch v.Status {
	case files.Processing, files.Held:
		return a.staged, files.StagingKey(v.OrganizationID, v.ID), v.StagingEtag, nil
	case files.Published:
		return a.clean, files.ContentKey(v.OrganizationID, v.ID), v.ObjectEtag, nil
	default:
		return nil, "", "", files.ErrVersionEnded
	}
}

func (a *Activities) inspect(ctx context.Context, v files.Version, d *pii.Detector, source Source, key, etag string) (personal.Result, error) {
	folder, err := a.spool.Folder("pii")
	if err != nil {
		return personal.Result{}, err
	}
	defer folder.Discard(activity.GetLogger(ctx).Warn)
	body, err := source.Open(ctx, key, etag, 0, -1)
	if err != nil {
		return personal.Result{}, err
	}
	defer func() { _ = body.Close() }()
	name := "source" + types.Extension(v.Name, v.MimeType)
	if err := folder.Write(name, body); err != nil {
		return personal.Result{}, fmt.Errorf("spool file: %w", err)
	}
	j := job{tools: a.tools, folder: folder, path: folder.Path(name), mediaType: v.MimeType, detector: d, result: personal.Result{Detector: pii.Version}}
	return j.run(ctx, v.Name)
}

// HoldPersonalDataInput names the version.
type HoldPersonalDataInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// HoldPersonalDataResult says whether the version waits for a decision, and why.
type HoldPersonalDataResult struct {
	Held   bool
	Reason string
}

// Reasons of versions that wait.
const (
	ReasonFound   = "personal_data_found"
	ReasonUnknown = "personal_data_unknown"
)

// HoldPersonalData makes a version wait whose organization publishes none with personal data
// by itself, when it has some, or when that is not known.
func (a *Activities) HoldPersonalData(ctx context.Context, in HoldPersonalDataInput) (result HoldPersonalDataResult, err error) {
	err = a.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		result = HoldPersonalDataResult{}
		policies, err := tenancy.GetPolicies(ctx, tx)
		if err != nil {
			return err
		}
		v, err := files.GetVersion(ctx, tx, in.Version)
		if err != nil {
			return err
		}
		if v.Status == files.Held { // an attempt before this one
			result = HoldPersonalDataResult{true, v.StatusReason}
			return nil
		}
		if policies.PersonalData != tenancy.PersonalDataHold && policies.PersonalData != tenancy.PersonalDataAsk {
			return nil
		}
		known, err := personal.Get(ctx, tx, in.Version)
		if err != nil {
			return err
		}
		reason := ReasonUnknown
		switch known.State {
		case personal.None:
			return nil
		case personal.Found:
			reason = ReasonFound
		}
		fresh, err := personal.Hold(ctx, tx, in.Version, policies.PersonalData)
		if err != nil || !fresh {
			return err
		}
		result = HoldPersonalDataResult{true, reason}
		return files.Hold(ctx, tx, in.Version, reason)
	})
	return result, err
}

// GiveUpPersonalDataInput names the version.
type GiveUpPersonalDataInput struct {
	Org     tenancy.OrgID
	Version uuid.UUID
}

// GiveUpPersonalDataResult is empty.
type GiveUpPersonalDataResult struct{}

// GiveUpPersonalData ends the wait for an inspection that kept failing: whether there is
// personal data in the version is unknown. It changes nothing where that is decided.
func (p *Pending) GiveUpPersonalData(ctx context.Context, in GiveUpPersonalDataInput) (GiveUpPersonalDataResult, error) {
	return GiveUpPersonalDataResult{}, p.db.InTx(ctx, in.Org, func(tx *tenancy.Tx) error {
		if _, err := files.GetVersion(ctx, tx, in.Version); err != nil {
			return err
		}
		known, err := personal.Get(ctx, tx, in.Version)
		switch {
		case err == nil && known.State != personal.Pending && known.Detector >= pii.Version:
			return nil
		case err != nil && !errors.Is(err, personal.ErrNotInspected):
			return err
		}
		return personal.Store(ctx, tx, in.Version, personal.Result{Detector: pii.Version, Unread: []string{reasonFailed}})
	})
}

const reasonFailed = "failed" // a fault lasted through all attempts
