// Package roblox brings files of an organization to Roblox: assets, the map by which
// experiences find them, places, and erasures. No upload is made twice blindly: a row is
// claimed before it, and what may have been made is decided about by a person.
package roblox

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"

	"satchel/internal/fault"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
)

// Cloud is Roblox's Open Cloud by one key. Each call is one request.
type Cloud interface {
	CreateAsset(ctx context.Context, a roblox.NewAsset) (roblox.Operation, error)
	GetOperation(ctx context.Context, id string) (roblox.Operation, error)
	GetAsset(ctx context.Context, id int64) (roblox.Asset, error)
	GrantAsset(ctx context.Context, id, universe int64) error
	ArchiveAsset(ctx context.Context, id int64) error
	RestoreAsset(ctx context.Context, id int64) error
	GetEntry(ctx context.Context, universe int64, store, id string) (roblox.Entry, error)
	PutEntry(ctx context.Context, universe int64, store, id string, e roblox.Entry) (roblox.Entry, error)
	DeleteEntry(ctx context.Context, universe int64, store, id string) error
	PublishMessage(ctx context.Context, universe int64, topic, message string) error
	PublishPlace(ctx context.Context, universe, place int64, contentType string, content []byte, publish bool) (int64, error)
	Introspect(ctx context.Context) (roblox.Key, error)
	ListOrdered(ctx context.Context, universe int64, store, scope, page string) (values []int64, next string, err error)
	DeleteOrdered(ctx context.Context, universe int64, store, scope, id string) error
	QueryMetric(ctx context.Context, universe int64, metric string, from, until time.Time) (roblox.Query, error)
	PollMetric(ctx context.Context, path string) (roblox.Query, error)
}

// Source reads an object, if it still has the given ETag.
type Source interface {
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
}

// Activities are those that speak with Roblox.
type Activities struct {
	DB     *tenancy.DB
	Vault  connections.Vault
	Clean  Source
	Dial   func(key string) Cloud
	Budget connections.Budget
	Now    func() time.Time
}

// Records has the activities that call no other system. They wait in no queue that operators pause.
type Records struct{ DB *tenancy.DB }

// session is one connection, opened.
type session struct {
	*Activities
	connections.Connection
	org   tenancy.OrgID
	cloud Cloud
}

func (a *Activities) open(ctx context.Context, org tenancy.OrgID, id uuid.UUID) (*session, error) {
	c, err := connections.Get(ctx, a.DB.Single(org), id)
	if err != nil {
		return nil, err
	}
	key, err := a.Vault.Key(ctx, a.DB, org, id)
	if err != nil {
		return nil, err
	}
	return &session{Activities: a, Connection: c, org: org, cloud: a.Dial(key)}, nil
}

// ask takes a turn and makes a request. Where Roblox says that it is busy, no worker that uses
// the owner's budget asks for a while.
func ask[T any](ctx context.Context, s *session, kind connections.Kind, f func() (T, error)) (T, error) {
	var none T
	if err := s.Budget.Take(ctx, s.KeyOwner, kind); err != nil {
		return none, err
	}
	got, err := f()
	if errors.Is(err, roblox.ErrBusy) {
		if holdErr := s.Budget.Hold(context.WithoutCancel(ctx), s.KeyOwner, kind, fault.Of(err).RetryAfter); holdErr != nil {
			return none, errors.Join(err, holdErr)
		}
	}
	return got, err
}

// tell is ask for what has no answer.
func tell(ctx context.Context, s *session, kind connections.Kind, f func() error) error {
	_, err := ask(ctx, s, kind, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// stops says whether a refusal is of the connection and not of one file: no other request
// would do better until a person has looked.
func stops(err error) bool {
	return errors.Is(err, roblox.ErrModerated) || errors.Is(err, roblox.ErrKey) || errors.Is(err, roblox.ErrScope)
}

// stop stops the connection, and gives the code.
func (s *session) stop(ctx context.Context, err error) (string, error) {
	code := fault.Of(err).Code
	return code, connections.Stop(context.WithoutCancel(ctx), s.DB, s.org, s.ID, code)
}
