// Package reconciletest is a bucket in memory for tests and benchmarks of the
// reconciler.
package reconciletest

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"satchel/activities/reconcile"
	"satchel/internal/fault"
)

// ErrMissing is what a bucket says of an object that it does not hold.
var ErrMissing = fault.New(fault.NotFound, "object_missing", "The stored bytes are not there.")

// Bucket keeps objects in the order of their keys. It counts what it was asked.
type Bucket struct {
	mu      sync.Mutex
	objects []reconcile.Object
	pending []string

	Lists, Sizes int   // requests
	Listed       int   // objects in listings
	Fails        error // of every listing
	Keeps        error // of every removal
}

// Put stores an object.
func (b *Bucket) Put(o reconcile.Object) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, found := b.find(o.Key)
	if found {
		b.objects[i] = o
		return
	}
	b.objects = slices.Insert(b.objects, i, o)
}

// Fill takes objects, in the order of their keys, for everything that it holds.
func (b *Bucket) Fill(objects []reconcile.Object) { b.objects = objects }

// Keys lists what it holds.
func (b *Bucket) Keys() (keys []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.objects {
		keys = append(keys, o.Key)
	}
	return keys
}

func (b *Bucket) find(key string) (int, bool) {
	return slices.BinarySearchFunc(b.objects, key, func(o reconcile.Object, key string) int { return cmp.Compare(o.Key, key) })
}

// Size describes an object.
func (b *Bucket) Size(_ context.Context, key string) (int64, string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Sizes++
	i, found := b.find(key)
	if !found {
		return 0, "", ErrMissing
	}
	return b.objects[i].Size, b.objects[i].ETag, nil
}

// Open reads as many zeros as the object has bytes.
func (b *Bucket) Open(ctx context.Context, key, _ string, _, _ int64) (io.ReadCloser, error) {
	size, _, err := b.Size(ctx, key)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(make([]byte, size))), nil
}

// List gives the objects under a prefix whose keys come after the given one.
func (b *Bucket) List(_ context.Context, prefix, after string) iter.Seq2[reconcile.Object, error] {
	return func(yield func(reconcile.Object, error) bool) {
		b.mu.Lock()
		b.Lists++
		fails := b.Fails
		b.mu.Unlock()
		if fails != nil {
			yield(reconcile.Object{}, fails)
			return
		}
		key := max(prefix, after)
		for {
			b.mu.Lock()
			i, found := b.find(key)
			if found && key == after {
				i++
			}
			if i == len(b.objects) || !strings.HasPrefix(b.objects[i].Key, prefix) {
				b.mu.Unlock()
				return
			}
			o := b.objects[i]
			b.Listed++
			b.mu.Unlock()
			if !yield(o, nil) {
				return
			}
			after, key = o.Key, o.Key
		}
	}
}

// Pending lists the keys of open multipart uploads.
func (b *Bucket) Pending(_ context.Context, prefix string) (keys []string, _ error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, key := range b.pending {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// Remove deletes an object.
func (b *Bucket) Remove(_ context.Context, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Keeps != nil {
		return b.Keeps
	}
	if i, found := b.find(key); found {
		b.objects = slices.Delete(b.objects, i, i+1)
	}
	return nil
}

// AbortAll ends the open multipart uploads under a prefix.
func (b *Bucket) AbortAll(_ context.Context, prefix string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending = slices.DeleteFunc(b.pending, func(key string) bool { return strings.HasPrefix(key, prefix) })
	return nil
}

// Old is a time before any grace that a check may leave.
func Old() time.Time { return time.Now().Add(-24 * time.Hour) }

// Name is the same of every bucket.
func (*Bucket) Name() string { return "bucket" }

// SHA256 is kept of no object.
func (*Bucket) SHA256(context.Context, string) (string, error) { return "", nil }

// KeyMissing is so of no object: none is encrypted.
func (*Bucket) KeyMissing(context.Context, string) (bool, error) { return false, nil }

// DropKey has nothing to destroy.
func (*Bucket) DropKey(context.Context, string) error { return nil }

// CopyFrom is not asked for by the checks that have this bucket.
func (*Bucket) CopyFrom(context.Context, string, string, string, string) (string, error) {
	return "", ErrMissing
}
