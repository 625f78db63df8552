package uploads

import (
	"context"

	"github.com/google/uuid"

	"satchel/api/uploads/ingest"
	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/types"
	"satchel/tenancy"
)

// atOnceBytes is the size of a file up to which its bytes are stored before its rows are made. They are at
// hand then, and what is stored in vain, because the rows are refused all the same, is little.
const atOnceBytes = 1 << 20

// fitsAtOnce says whether a form's file may be stored before its rows are made. A new version may not: the
// existing file's rows say which students it concerns. A file of a drop box may not: it is counted before it is
// stored. A request with a claimed id may not: a retry has the same id and would overwrite the bytes.
func (a *Metadata) fitsAtOnce(size int64) bool {
	return size <= atOnceBytes && a.File == uuid.Nil && a.BeforeCreate == nil && a.OnCreate == nil && !a.Claimed
}

// formAtOnce makes the rows of a file and receives it in one transaction, after its bytes are stored. What
// would refuse the rows is looked for before a byte is: done is false where something might, and the
// rows are to be made first then, which tells what it is.
//
// The object and its key are stored side by side. A process that dies before the commit leaves both, or one of them: an
// object without a row, with its key or without, is removed by the reconciler, and a key that opens nothing after a day.
// No other request knows the id of the version.
func (u *Uploads) formAtOnce(ctx context.Context, actor tenancy.Actor, a Metadata, in *ingest.Stream) (t Accepted, done bool, err error) {
	may, err := u.mayStore(ctx, actor, a, in.Received())
	if err != nil || !may {
		return Accepted{}, false, err
	}
	ctx = context.WithoutCancel(ctx) // the client's going away must not cut the clean-up short
	if err := a.addTrailing(); err != nil {
		return Accepted{}, true, cutShort(err)
	}
	a.ID = tenancy.NewID()
	stored, err := in.StoreWhole(ctx, a.ID)
	if err != nil {
		u.ingest.Discard(ctx, actor.Org, a.ID)
		return Accepted{}, true, err
	}
	created, err := u.createReceived(ctx, actor, a, in, stored)
	if err != nil {
		return Accepted{}, true, err
	}
	in.NoteReceived(created.CreatedAt)
	u.StartReceived(ctx, actor.Org, created)
	return accepted(created, actor, a, in), true, nil
}

// mayStore looks for what would refuse the rows of a file.
func (u *Uploads) mayStore(ctx context.Context, actor tenancy.Actor, a Metadata, size int64) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	t, err := files.LookBeforeStoring(ctx, u.DB.Single(actor.Org), a.describe(actor, size, formTTL))
	if err != nil {
		return false, err
	}
	kind := types.Admit(a.Name, a.ClaimedType, types.RulesOf(t.Switches, t.Extensions, t.AllowedTypes, actor.Staff()))
	return t.Takable && kind == nil && (size > 0 || t.EmptyFiles), nil
}

// addTrailing takes the texts behind the file.
func (a *Metadata) addTrailing() error {
	if a.Trailing == nil {
		return nil
	}
	late, err := a.Trailing()
	if late.Description != "" {
		a.Description = late.Description
	}
	if late.Category != "" {
		a.Category = late.Category
	}
	if late.ChangeDescription != "" {
		a.ChangeDescription = late.ChangeDescription
	}
	return err
}

// createReceived makes the rows of a stored file. A failed commit may have happened all the same: the row is
// asked, and the transaction is tried again, which fails for as long as the first one goes on and after it was
// committed. Where it is not known at the end, the bytes stay: they are those of a file, or the
// reconciler removes them.
func (u *Uploads) createReceived(ctx context.Context, actor tenancy.Actor, a Metadata, in *ingest.Stream, stored files.Received) (files.Created, error) {
	n := a.describe(actor, stored.Size, formTTL)
	n.Received, n.Ceiling = &stored, u.MaxRunning
	unsure := false
	for try := 1; ; try++ {
		t, committing, err := u.createOnce(ctx, actor, n)
		if err == nil {
			return t, nil
		}
		if unsure = unsure || committing && fault.KindOf(err) == fault.Unavailable; unsure {
			if file, number, ok := in.FindReceived(ctx); ok {
				return files.Created{File: file, Version: n.Version, Upload: n.Version, Number: number}, nil
			}
		}
		switch {
		case fault.KindOf(err) == fault.Unavailable && try < 3:
		case unsure:
			return t, err
		default:
			u.ingest.Discard(ctx, actor.Org, n.Version)
			return t, err
		}
	}
}

// createOnce says as well whether the transaction came to its commit.
func (u *Uploads) createOnce(ctx context.Context, actor tenancy.Actor, n files.New) (t files.Created, committing bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	err = u.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) (err error) {
		if t, err = files.Create(ctx, tx, n); err != nil {
			return err
		}
		committing = true
		return nil
	})
	return t, committing, err
}
