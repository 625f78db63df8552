package uploads

import (
	"context"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/tenancy"
)

// Placement is where a file goes, when its sender has no say in it.
type Placement struct {
	Space, Folder uuid.UUID
	Description   string
	Accepts       func(name string) error // of the file; an error refuses it
	BeforeCreate  func(ctx context.Context, tx *tenancy.Tx) error
	OnCreate      func(ctx context.Context, tx *tenancy.Tx, t files.Created) error
}

// Metadata is what is said of a file that goes there: of its sender's own words, the name,
// the claimed type and the SHA-256. Both files of one name are kept.
func (p Placement) Metadata(name, claimedType, sha256 string) (Metadata, error) {
	a := Metadata{
		Name: name, ClaimedType: claimedType, SHA256: sha256, Space: p.Space, Folder: p.Folder, Description: p.Description,
		OnConflict: "rename", BeforeCreate: p.BeforeCreate, OnCreate: p.OnCreate,
	}
	if err := a.check(); err != nil {
		return a, err
	}
	return a, p.Accepts(a.Name)
}

func (p Placement) apply(a Metadata) (Metadata, error) {
	placed, err := p.Metadata(a.Name, a.ClaimedType, a.SHA256)
	placed.ID = a.ID
	return placed, err
}

type placementKey struct{}

// WithPlacement says where the upload goes that the request creates, whatever its metadata
// says. tusd hands the context through.
func WithPlacement(ctx context.Context, p Placement) context.Context {
	return context.WithValue(ctx, placementKey{}, p)
}

func placementOf(ctx context.Context) (Placement, bool) {
	p, ok := ctx.Value(placementKey{}).(Placement)
	return p, ok
}
