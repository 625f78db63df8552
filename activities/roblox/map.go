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
	Lessons  int    `json:"lessons,omitempty"`
}

type mapPage struct {
	Revision string                             `json:"revision"`
	Assets   map[string]connections.Entry       `json:"assets"`            // by file
	Lessons  map[string]connections.LessonEntry `json:"lessons,omitempty"` // by file
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
	Lessons int
	Stop    string `json:",omitempty"`
}

// PublishAssetMap writes the map of live assets and lessons where it has changed, and tells the servers
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
	lessons, err := connections.LiveLessons(ctx, a.DB.Single(in.Org), in.Connection)
	if err != nil {
		return PublishAssetMapResult{}, err
	}
	index, pages, err := mapOf(live, lessons)
	if err != nil {
		return PublishAssetMapResult{}, err
	}
	r := PublishAssetMapResult{Assets: len(live), Lessons: len(lessons)}
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

// mapOf makes the entries. The revision follows from what is in them, so the same assets and
// lessons give the same one.
func mapOf(live []connections.Entry, lessons []connections.LessonEntry) (mapIndex, []mapPage, error) {
	sum := sha256.New()
	encoder := json.NewEncoder(sum)
	var pages []mapPage
	// page is where the next thing goes.
	page := func(n int) *mapPage {
		if n%pageSize == 0 {
			pages = append(pages, mapPage{Assets: map[string]connections.Entry{}, Lessons: map[string]connections.LessonEntry{}})
		}
		return &pages[len(pages)-1]
	}
	for i, e := range live {
		if err := errors.Join(encoder.Encode(e.File), encoder.Encode(e)); err != nil {
			return mapIndex{}, nil, fmt.Errorf("encode asset map: %w", err)
		}
		page(i).Assets[e.File.String()] = e
	}
	for i, e := range lessons {
		if err := errors.Join(encoder.Encode(e.File), encoder.Encode(e)); err != nil {
			return mapIndex{}, nil, fmt.Errorf("encode asset map: %w", err)
		}
		page(len(live) + i).Lessons[e.File.String()] = e
	}
	index := mapIndex{Format: mapFormat, Revision: hex.EncodeToString(sum.Sum(nil)[:16]), Pages: len(pages), Count: len(live), Lessons: len(lessons)}
	for i := range pages {
		pages[i].Revision = index.Revision
	}
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
	for n := len(pages) + 1; n <= min(before.Pages, (mostFiles+mostLessons)/pageSize+1); n++ {
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

// put writes an entry as the newest one, no matter who wrote it before.
func (s *session) put(ctx context.Context, id string, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode entry: %w", err)
	}
	_, err = s.write(ctx, id, encoded, func() error { return nil })
	if errors.Is(err, roblox.ErrChanged) {
		return roblox.ErrBusy.Because(err)
	}
	return err
}

// write has an entry be a value, by compare-and-set. What a lost answer has written is found
// there and not written again. before is called ahead of each write. One that changes all the
// time gives ErrChanged.
func (s *session) write(ctx context.Context, id string, encoded []byte, before func() error) (roblox.Entry, error) {
	for range casTries {
		there, err := ask(ctx, s, connections.EntryRead, func() (roblox.Entry, error) { return s.cloud.GetEntry(ctx, s.Universe, Store, id) })
		switch {
		case err != nil && !errors.Is(err, roblox.ErrNotFound):
			return roblox.Entry{}, err
		case err == nil && same(there.Value, encoded):
			return there, nil
		}
		written, err := ask(ctx, s, connections.EntryPut, func() (roblox.Entry, error) {
			if err := before(); err != nil {
				return roblox.Entry{}, err
			}
			return s.cloud.PutEntry(ctx, s.Universe, Store, id, roblox.Entry{Value: encoded, ETag: there.ETag})
		})
		if !errors.Is(err, roblox.ErrChanged) {
			return written, err
		}
	}
	return roblox.Entry{}, roblox.ErrChanged
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
