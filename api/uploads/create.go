package uploads

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/types"
	"satchel/tenancy"
)

// Metadata is what a client says of a file before its bytes come. All of it
// is checked here, for every protocol alike.
type Metadata struct {
	ID                uuid.UUID // of the version; zero: a new one
	Name              string
	ClaimedType       string
	SHA256            string // hex, or empty
	Category          string
	Description       string
	ChangeDescription string
	File              uuid.UUID // zero: a new file; else a new version of this one
	Space, Folder     uuid.UUID // where a new file goes; zero: the caller's personal space
	Subject           uuid.UUID // whom a new file of staff is about; zero: no one in particular
	Claimed           bool      // another request may make the version of this ID: one that came before, with the same Idempotency-Key
	OnConflict        string    // rename keeps both of one name in a folder; empty refuses

	// Trailing reads what a form holds behind the file. It is asked when the
	// file's bytes have come and before the file is received, so that an error
	// refuses the file. Nil: nothing can follow.
	Trailing func() (Trailing, error)

	// BeforeCreate and OnCreate run in the transaction of the file's rows, before and after
	// they are made. An error refuses the file. Nil: nothing runs.
	BeforeCreate func(ctx context.Context, tx *tenancy.Tx) error
	OnCreate     func(ctx context.Context, tx *tenancy.Tx, t files.Created) error
}

// Trailing are the texts that a form may hold behind the file. Empty ones
// change nothing.
type Trailing struct{ Description, Category, ChangeDescription string }

// What is refused before any byte is kept.
var (
	ErrEmpty       = fault.New(fault.Invalid, "empty_file", "The file is empty, and the organization does not take empty files. Choose a file with content.")
	errForbidden   = fault.New(fault.Denied, "upload_not_allowed", "Your role in this organization does not include uploading.")
	errSHA256      = fault.New(fault.Invalid, "invalid_sha256", "sha256 is the file's SHA-256 as 64 hexadecimal digits. Correct or omit it.")
	errDescription = fault.New(fault.Invalid, "invalid_description", "A description is UTF-8 text of at most 2000 characters. Shorten or correct it.")
	errCategory    = fault.New(fault.Invalid, "invalid_category", "A category is UTF-8 text of at most 100 characters without control characters. Shorten or correct it.")
	errConflict    = fault.New(fault.Invalid, "invalid_on_conflict", "on_conflict is rename, which keeps both files of one name, or is left out.")
	errLength      = fault.New(fault.Invalid, "invalid_length", "The upload's length is not a number of bytes.")
)

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// check cleans what may be cleaned and refuses the rest.
func (a *Metadata) check() error {
	a.SHA256 = strings.ToLower(a.SHA256)
	switch {
	case a.SHA256 != "" && !sha256Hex.MatchString(a.SHA256):
		return errSHA256
	case !isText(a.Description, 2000), !isText(a.ChangeDescription, 2000):
		return errDescription
	case a.OnConflict != "" && a.OnConflict != "rename":
		return errConflict
	case !isText(a.Category, 100), strings.ContainsFunc(a.Category, unicode.IsControl):
		return errCategory
	}
	if a.File != uuid.Nil && a.Name == "" {
		return nil // a version of a file has that file's name
	}
	name, err := types.CleanName(a.Name)
	if err != nil {
		return fault.New(fault.Invalid, "invalid_name", "%s", checkText(err)).Because(err)
	}
	a.Name = name
	return nil
}

func isText(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsRune(s, 0)
}

// checkText makes an error's text one for people.
func checkText(err error) string {
	s := err.Error()
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:] + "."
}

// NotTaken makes the API's error of a refusal of the type policy.
func NotTaken(err error) error {
	var refusal *types.Refusal
	if errors.As(err, &refusal) {
		return fault.New(fault.Invalid, "type_not_allowed", "%s", refusal.Rule.Sentence(refusal.Found, refusal.Expected)).Under(string(refusal.Rule))
	}
	return err
}

// admit refuses a kind of file that is not taken, by its name and claim, and files
// of no bytes where the organization does not take them. The inspection asks
// again: the policy may change while bytes are on their way.
func admit(ctx context.Context, q tenancy.Queries, actor tenancy.Actor, name, claim string, size int64) error {
	p, err := tenancy.GetPolicies(ctx, q)
	if err != nil {
		return err
	}
	if err := types.Admit(name, claim, types.RulesOf(p.Switches, p.Extensions, p.AllowedTypes, actor.Staff())); err != nil {
		return NotTaken(err)
	}
	if size == 0 && !p.EmptyFiles {
		return ErrEmpty
	}
	return nil
}

// create makes the upload's rows and reserves size bytes, if the actor may. A
// new version needs the right to change its file; a file that the actor may not see
// is as absent as another organization's.
func (u *Uploads) create(ctx context.Context, actor tenancy.Actor, a Metadata, size int64, ttl time.Duration, metadata json.RawMessage) (files.Created, error) {
	ctx, cancel := context.WithTimeout(ctx, rowTimeout)
	defer cancel()
	var t files.Created
	err := u.DB.InTx(ctx, actor.Org, func(tx *tenancy.Tx) (err error) {
		name := a.Name
		if a.File != uuid.Nil {
			if name, err = u.checkFile(ctx, tx, actor, a); err != nil {
				return err
			}
		}
		if err := admit(ctx, tx, actor, name, a.ClaimedType, size); err != nil {
			return err
		}
		if a.BeforeCreate != nil {
			if err := a.BeforeCreate(ctx, tx); err != nil {
				return err
			}
		}
		n := a.describe(actor, size, ttl)
		n.Metadata = metadata
		t, err = files.Create(ctx, tx, n)
		if err == nil && a.OnCreate != nil {
			err = a.OnCreate(ctx, tx, t)
		}
		return err
	})
	if err != nil {
		return t, err
	}
	if err := u.ingest.Prepare(ctx, actor.Org, t.Version); err != nil {
		return t, errors.Join(err, u.ingest.Withdraw(ctx, actor.Org, t.Upload, files.Failed, fault.Of(err).Code))
	}
	return t, nil
}

// describe says it to the rows. size is in bytes.
func (a *Metadata) describe(actor tenancy.Actor, size int64, ttl time.Duration) files.New {
	return files.New{
		Version: a.ID, File: a.File, Space: a.Space, Folder: a.Folder, Subject: a.Subject, KeepBoth: a.OnConflict == "rename", Name: a.Name, Description: a.Description, Category: a.Category, ChangeDescription: a.ChangeDescription,
		ClaimedType: a.ClaimedType, ClaimedSHA256: a.SHA256, Size: size, UploadedBy: actor.User, TTL: ttl,
	}
}

// Reserve makes the rows of a file whose bytes this platform writes itself, as those of an
// upload: the same rules decide whether the actor may, and its room is reserved. What writes
// the bytes has ttl for it.
func (u *Uploads) Reserve(ctx context.Context, actor tenancy.Actor, a Metadata, size int64, ttl time.Duration) (files.Created, error) {
	if err := a.check(); err != nil {
		return files.Created{}, err
	}
	return u.create(ctx, actor, a, size, ttl, nil)
}

// checkFile gives the name of the file that is to have a new version.
func (u *Uploads) checkFile(ctx context.Context, tx *tenancy.Tx, actor tenancy.Actor, a Metadata) (string, error) {
	f, err := files.Get(ctx, tx, a.File)
	if err != nil {
		return "", err
	}
	may, err := files.MayChange(ctx, tx, a.File)
	if err != nil {
		return "", err
	}
	if !may || !actor.May(tenancy.EditFiles) {
		return "", files.ErrNotYours
	}
	return f.Name, nil
}

// metadataOf checks everything of an announcement that needs no row.
func metadataOf(actor tenancy.Actor, a *Metadata) error {
	if !actor.May(tenancy.Upload) {
		return errForbidden
	}
	if err := a.check(); err != nil {
		return err
	}
	if a.File != uuid.Nil {
		return nil // checkFile looks at the name that the file has
	}
	return NotTaken(types.AdmitAnywhere(a.Name, a.ClaimedType))
}

// isUploader says whether the upload is the actor's, who alone goes on with it.
func isUploader(actor tenancy.Actor, uploader uuid.UUID) bool {
	return actor.User == uploader && actor.May(tenancy.EditFiles)
}
