package roblox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"satchel/internal/queue"
	"satchel/roblox"
	"satchel/roblox/connections"
	"satchel/tenancy"
)

// What experiences read: docs/roblox.md has a module that does.
const (
	// Store is the data store of the asset map.
	Store = "satchel"
	// Index is its entry that names the pages.
	Index = "assets"
	// Topic is that of the message that says that the map has changed.
	Topic = "satchel.assets"
	// ProgressStore is where an experience keeps what it knows of a person, under their number.
	ProgressStore = "satchel-progress"

	mapFormat = "satchel-assets/1"
	// pageSize keeps a page below the 4,194,304 characters of a value.
	pageSize = 5000
	// casTries is how often an entry is read and written again when somebody changed it between.
	casTries = 5
)

// Page names an entry of the map.
func Page(n int) string { return fmt.Sprintf("%s-%d", Index, n) }

type mapIndex struct {
	Format   string `json:"format"`
	Revision string `json:"revision"`
	Pages    int    `json:"pages"`
	Count    int    `json:"count"`
}

type mapPage struct {
	Revision string                       `json:"revision"`
	Assets   map[string]connections.Entry `json:"assets"` // by file
}

// PublishAssetMapInput names the connection.
type PublishAssetMapInput struct {
	Org        tenancy.OrgID
	Connection uuid.UUID
}

// PublishAssetMapResult says what was written.
type PublishAssetMapResult struct {
	Changed bool
	Assets  int
	Stop    string `json:",omitempty"`
}

// PublishAssetMap writes the map of live assets where it has changed, and tells the servers
// that run.
func (a *Activities) PublishAssetMap(ctx context.Context, in PublishAssetMapInput) (PublishAssetMapResult, error) {
	defer queue.Heartbeat(ctx)()
	s, err := a.open(ctx, in.Org, in.Connection)
	if err != nil {
		return PublishAssetMapResult{}, err
	}
	if s.State == connections.Stopped {
		return PublishAssetMapResult{Stop: s.Code}, nil
	}
	live, err := connections.LiveAssets(ctx, a.DB.Single(in.Org), in.Connection)
	if err != nil {
		return PublishAssetMapResult{}, err
	}
	index, pages, err := mapOf(live)
	if err != nil {
		return PublishAssetMapResult{}, err
	}
	r := PublishAssetMapResult{Assets: len(live)}
	if index.Revision == s.MapVersion {
		return r, nil
	}
	if err := s.writeMap(ctx, index, pages); err != nil {
		if !stops(err) {
			return r, err
		}
		r.Stop, err = s.stop(ctx, err)
		return r, err
	}
	r.Changed = true
	return r, connections.MapWritten(ctx, a.DB.Single(in.Org), in.Connection, index.Revision)
}

// mapOf makes the entries. The revision follows from what is in them, so the same assets
// give the same one.
func mapOf(live []connections.Entry) (mapIndex, []mapPage, error) {
	sum := sha256.New()
	encoder := json.NewEncoder(sum)
	for _, e := range live {
		if err := errors.Join(encoder.Encode(e.File), encoder.Encode(e)); err != nil {
			return mapIndex{}, nil, fmt.Errorf("encode asset map: %w", err)
		}
	}
	index := mapIndex{Format: mapFormat, Revision: hex.EncodeToString(sum.Sum(nil)[:16]), Count: len(live)}
	var pages []mapPage
	for from := 0; from < len(live); from += pageSize {
		p := mapPage{Revision: index.Revision, Assets: map[string]connections.Entry{}}
		for _, e := range live[from:min(from+pageSize, len(live))] {
			p.Assets[e.File.String()] = e
		}
		pages = append(pages, p)
	}
	index.Pages = len(pages)
	return index, pages, nil
}

// writeMap writes the pages first: who reads the index finds pages of its revision.
func (s *session) writeMap(ctx context.Context, index mapIndex, pages []mapPage) error {
	var before mapIndex
	old, err := ask(ctx, s, connections.EntryRead, func() (roblox.Entry, error) { return s.cloud.GetEntry(ctx, s.Universe, Store, Index) })
	if err != nil && !errors.Is(err, roblox.ErrNotFound) {
		return err
	}
	_ = json.Unmarshal(old.Value, &before) // what somebody else wrote there names no pages
	for i, p := range pages {
		if err := s.put(ctx, Page(i+1), p); err != nil {
			return err
		}
	}
	if err := s.put(ctx, Index, index); err != nil {
		return err
	}
	for n := len(pages) + 1; n <= min(before.Pages, mostFiles/pageSize+1); n++ {
		if err := tell(ctx, s, connections.EntryPut, func() error { return s.cloud.DeleteEntry(ctx, s.Universe, Store, Page(n)) }); err != nil {
			return err
		}
	}
	message, err := json.Marshal(map[string]string{"revision": index.Revision})
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	return tell(ctx, s, connections.Message, func() error { return s.cloud.PublishMessage(ctx, s.Universe, Topic, string(message)) })
}

// put writes an entry as the newest one, no matter who wrote it before. What a lost answer has
// written is found there and not written again.
func (s *session) put(ctx context.Context, id string, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode entry: %w", err)
	}
	for range casTries {
		there, err := ask(ctx, s, connections.EntryRead, func() (roblox.Entry, error) { return s.cloud.GetEntry(ctx, s.Universe, Store, id) })
		switch {
		case err != nil && !errors.Is(err, roblox.ErrNotFound):
			return err
		case err == nil && same(there.Value, encoded):
			return nil
		}
		_, err = ask(ctx, s, connections.EntryPut, func() (roblox.Entry, error) {
			return s.cloud.PutEntry(ctx, s.Universe, Store, id, roblox.Entry{Value: encoded, ETag: there.ETag})
		})
		if !errors.Is(err, roblox.ErrChanged) {
			return err
		}
	}
	return roblox.ErrBusy.Because(errors.New("the entry of the asset map changes all the time"))
}

// same compares JSON whose members may be in another order.
func same(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	x1, err1 := json.Marshal(x)
	y1, err2 := json.Marshal(y)
	return err1 == nil && err2 == nil && bytes.Equal(x1, y1)
}
