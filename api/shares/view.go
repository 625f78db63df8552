package shares

import (
	"context"
	"time"

	"github.com/google/uuid"

	"satchel/api/request"
	"satchel/shares"
	"satchel/tenancy"
)

// ShareView is a share as members see it. URL is in the answer that makes a link and in
// no other; Recipients are in answers of one share.
type ShareView struct {
	ID           uuid.UUID         `json:"id"`
	URL          string            `json:"url,omitempty"`
	Kind         shares.Kind       `json:"kind"`
	Permission   shares.Permission `json:"permission"`
	File         *uuid.UUID        `json:"file_id,omitempty"`
	Folder       *uuid.UUID        `json:"folder_id,omitempty"`
	Space        *uuid.UUID        `json:"space_id,omitempty"`
	Version      *uuid.UUID        `json:"version_id,omitempty"`
	Label        string            `json:"label"`
	HasPassword  bool              `json:"has_password"`
	Status       shares.Status     `json:"status"`
	StartsAt     time.Time         `json:"starts_at"`
	ExpiresAt    *time.Time        `json:"expires_at,omitempty"`
	MaxDownloads *int32            `json:"max_downloads,omitempty"`
	Downloads    int32             `json:"downloads"`
	MaxFiles     *int32            `json:"max_files,omitempty"`
	MaxBytes     *int64            `json:"max_bytes,omitempty"`
	Accepted     []string          `json:"accepted,omitempty"`
	DroppedFiles int32             `json:"dropped_files"`
	DroppedBytes int64             `json:"dropped_bytes"`
	EndedAt      *time.Time        `json:"ended_at,omitempty"`
	EndedBy      *uuid.UUID        `json:"ended_by,omitempty"`
	CreatedBy    uuid.UUID         `json:"created_by"`
	CreatedAt    time.Time         `json:"created_at"`
	UpdatedAt    time.Time         `json:"updated_at"`
	Recipients   []RecipientView   `json:"recipients,omitempty"`
}

// RecipientView is with whom a share is. The delivery is that of a mail to somebody
// outside.
type RecipientView struct {
	ID           uuid.UUID        `json:"id"`
	User         *uuid.UUID       `json:"user_id,omitempty"`
	Class        *uuid.UUID       `json:"class_id,omitempty"`
	Email        *string          `json:"email,omitempty"`
	Name         string           `json:"name,omitempty"`
	VerifiedAt   *time.Time       `json:"verified_at,omitempty"`
	Delivery     *shares.Delivery `json:"delivery,omitempty"`
	DeliveryCode string           `json:"delivery_code,omitempty"`
	SentAt       *time.Time       `json:"sent_at,omitempty"`
	EndedAt      *time.Time       `json:"ended_at,omitempty"`
}

// AccessView is one use of a share.
type AccessView struct {
	ID        uuid.UUID  `json:"id"`
	Recipient *uuid.UUID `json:"recipient_id,omitempty"`
	File      *uuid.UUID `json:"file_id,omitempty"`
	What      string     `json:"what"`
	Outcome   string     `json:"outcome"`
	Code      string     `json:"code,omitempty"`
	At        time.Time  `json:"at"`
}

func show(s shares.Share) ShareView {
	return ShareView{
		ID: s.ID, Kind: s.Kind, Permission: s.Permission, File: some(s.Target.File), Folder: some(s.Target.Folder), Space: some(s.Target.Space), Version: s.Version,
		Label: s.Label, HasPassword: s.HasPassword, Status: s.Status, StartsAt: s.StartsAt.UTC(), ExpiresAt: request.UTC(s.ExpiresAt),
		MaxDownloads: s.MaxDownloads, Downloads: s.Downloads, MaxFiles: some(s.Bounds.MaxFiles), MaxBytes: some(s.Bounds.MaxBytes), Accepted: s.Bounds.Accepted,
		DroppedFiles: s.DroppedFiles, DroppedBytes: s.DroppedBytes, EndedAt: request.UTC(s.EndedAt), EndedBy: s.EndedBy,
		CreatedBy: s.CreatedBy, CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC(),
	}
}

// whole is a share with its recipients.
func (r *Shares) whole(ctx context.Context, q tenancy.Queries, s shares.Share) (ShareView, error) {
	v := show(s)
	list, err := shares.Recipients(ctx, q, s.ID)
	for _, p := range list {
		v.Recipients = append(v.Recipients, showRecipient(p))
	}
	return v, err
}

func showRecipient(p shares.Recipient) RecipientView {
	v := RecipientView{ID: p.ID, User: p.User, Class: p.Class, Email: p.Email, Name: p.Name, VerifiedAt: request.UTC(p.VerifiedAt), EndedAt: request.UTC(p.EndedAt)}
	if p.Outside {
		v.Delivery, v.DeliveryCode, v.SentAt = &p.Delivery, p.DeliveryCode, request.UTC(p.SentAt)
	}
	return v
}

func showAccess(a shares.Access) AccessView {
	return AccessView{ID: a.ID, Recipient: a.Recipient, File: a.File, What: a.What, Outcome: a.Outcome, Code: a.Code, At: a.At.UTC()}
}

// some is nil for the zero value.
func some[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
