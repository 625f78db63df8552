package conformance

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"satchel/internal/envelope"
	"satchel/internal/s3"
)

// each does the same to many keys, some at once.
func each(ctx context.Context, keys []string, do func(ctx context.Context, key string) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for _, key := range keys {
		g.Go(func() error { return do(ctx, key) })
	}
	return g.Wait()
}

// smallest is the smallest part that is not the last (5 MiB).
const smallest = 5 << 20

func multipart(ctx context.Context, b *bench) error {
	key := b.key("multipart")
	id, err := b.work.CreateMultipart(ctx, key)
	if err != nil {
		return err
	}
	block, tail := bytes.Repeat([]byte("x"), smallest), []byte("tail")
	last, err := b.work.PutPart(ctx, key, id, 2, envelope.Span{}, bytes.NewReader(tail), int64(len(tail)))
	if err != nil {
		return err
	}
	// A part that is sent again takes the place of the first: the client did not hear the answer.
	if _, err := b.work.PutPart(ctx, key, id, 1, envelope.Span{}, bytes.NewReader(bytes.Repeat([]byte("y"), smallest)), smallest); err != nil {
		return err
	}
	first, err := b.work.PutPart(ctx, key, id, 1, envelope.Span{}, bytes.NewReader(block), smallest)
	if err != nil {
		return err
	}
	if _, err := b.work.Stat(ctx, key); err == nil {
		return wrong("an upload whose parts were not joined is an object already")
	}
	etag, err := b.work.CompleteMultipart(ctx, key, id, []s3.Part{{Number: 1, ETag: first}, {Number: 2, ETag: last}})
	if err != nil {
		return err
	}
	o, err := b.work.Stat(ctx, key)
	if err != nil {
		return err
	}
	if o.ETag != etag || o.Size != smallest+4 {
		return wrong("the joined object has ETag %q and %d bytes, not %q and %d", o.ETag, o.Size, etag, smallest+4)
	}
	if err := holds(ctx, b.work, key, etag, smallest-1, -1, "xtail"); err != nil {
		return err
	}
	copied, err := b.copies.CopyFrom(ctx, b.work.Name(), key, etag, b.key("multipart-copy"))
	if err != nil {
		return fmt.Errorf("copy an object of several parts: %w", err)
	}
	return holds(ctx, b.copies, b.key("multipart-copy"), copied, smallest-1, -1, "xtail")
}

func multipartAbort(ctx context.Context, b *bench) error {
	key := b.key("given-up")
	id, err := b.work.CreateMultipart(ctx, key)
	if err != nil {
		return err
	}
	if _, err := b.work.PutPart(ctx, key, id, 1, envelope.Span{}, strings.NewReader("x"), 1); err != nil {
		return err
	}
	for range 2 {
		if err := b.work.AbortMultipart(ctx, key, id); err != nil {
			return err
		}
	}
	_, err = b.work.PutPart(ctx, key, id, 1, envelope.Span{}, strings.NewReader("x"), 1)
	return want(err, s3.ErrMissing, "a part of an upload that was given up")
}

func multipartList(ctx context.Context, b *bench) error {
	key := b.key("pending/one")
	id, err := b.work.CreateMultipart(ctx, key)
	if err != nil {
		return err
	}
	pending, err := b.work.ListPending(ctx, b.key("pending/"))
	if err != nil {
		return err
	}
	if !slices.Equal(pending, []s3.PendingUpload{{Key: key, Upload: id}}) {
		return wrong("one upload is open below the prefix, and the store lists %d", len(pending))
	}
	if err := b.work.AbortMultipart(ctx, key, id); err != nil {
		return err
	}
	pending, err = b.work.ListPending(ctx, b.key("pending/"))
	if err != nil {
		return err
	}
	return unless(len(pending) == 0, "an upload that was given up is listed")
}

func (b *bench) listAfter(ctx context.Context, prefix, after string) (keys []string, err error) {
	for o, err := range b.work.ListAfter(ctx, prefix, after) {
		if err != nil {
			return nil, err
		}
		keys = append(keys, strings.TrimPrefix(o.Key, prefix))
	}
	return keys, nil
}

func listing(ctx context.Context, b *bench) error {
	prefix := b.key("list/")
	written := []string{"a", "a.tail", "b/content", "b/renditions/x", "c"} // in the order of their bytes
	if _, err := b.put(ctx, b.key("list-of-others"), "x"); err != nil {
		return err
	}
	for _, key := range written {
		if _, err := b.put(ctx, prefix+key, "x"); err != nil {
			return err
		}
	}
	for after, expected := range map[string][]string{
		"":          written,
		"a0":        {"b/content", "b/renditions/x", "c"}, // behind a key that is not there
		"b/content": {"b/renditions/x", "c"},
		"c0":        nil,
	} {
		if after != "" {
			after = prefix + after
		}
		got, err := b.listAfter(ctx, prefix, after)
		if err != nil {
			return err
		}
		if !slices.Equal(got, expected) {
			return wrong("behind %q the store lists %q and not %q", after, got, expected)
		}
	}
	var folder []string
	for o, err := range b.work.ListFolder(ctx, prefix) {
		if err != nil {
			return err
		}
		folder = append(folder, strings.TrimPrefix(o.Key, prefix))
	}
	slices.Sort(folder) // folders may come before or behind the objects of one answer
	return unless(slices.Equal(folder, []string{"a", "a.tail", "b/", "c"}), "a folder is listed as %q", folder)
}

func listingPages(ctx context.Context, b *bench) error {
	prefix := b.key("pages/")
	keys := make([]string, b.pages)
	for i := range keys {
		keys[i] = fmt.Sprintf("%s%06d", prefix, i)
	}
	if err := each(ctx, keys, func(ctx context.Context, key string) error {
		_, err := b.put(ctx, key, "x")
		return err
	}); err != nil {
		return err
	}
	got, err := b.listAfter(ctx, prefix, keys[4])
	if err != nil {
		return err
	}
	if len(got) != len(keys)-5 {
		return wrong("%d objects are listed of %d", len(got), len(keys)-5)
	}
	for i, name := range got {
		if prefix+name != keys[i+5] {
			return wrong("object %d of a listing is %s and not %s", i, name, keys[i+5])
		}
	}
	return nil
}

func removal(ctx context.Context, b *bench) error {
	key := b.key("remove/one")
	if _, err := b.put(ctx, key, "x"); err != nil {
		return err
	}
	for range 2 {
		if err := b.work.Remove(ctx, key); err != nil {
			return err
		}
	}
	if _, err := b.work.Stat(ctx, key); err == nil {
		return wrong("an object that was removed is there")
	}
	left, err := b.listAfter(ctx, b.key("remove/"), "")
	if err != nil {
		return err
	}
	return unless(len(left) == 0, "an object that was removed is listed")
}
