package s3test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"satchel/internal/envelope"
	"satchel/internal/keyring"
	"satchel/internal/kms"
	"satchel/internal/s3"
)

// Keys are the data keys of a store, which can be out of reach.
type Keys struct {
	records s3.Records
	box     *kms.Box

	mu      sync.Mutex
	err     error
	refused int
	ring    *keyring.Ring
}

// Sealed starts a store that encrypts, and gives its keys.
func Sealed(t testing.TB) (*s3.Store, *Keys) {
	t.Helper()
	store := Raw(t, Serve(t))
	k := &Keys{records: s3.RecordsOf(store.Keys, keyring.ErrAbsent), box: Box(t)}
	require.NoError(t, k.Fail(nil))
	store.Encrypt(k)
	return store, k
}

// Fail lets the key store fail, or work again when err is nil, in a process that knows no
// key yet.
func (k *Keys) Fail(err error) error {
	ring, bad := keyring.New(keyring.Config{On: true}, k, k.box)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err, k.ring = err, ring
	return bad
}

func (k *Keys) now() *keyring.Ring {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ring
}

func (k *Keys) down() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		k.refused++
	}
	return k.err
}

// Refused says how often the key store was asked while it failed.
func (k *Keys) Refused() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.refused
}

// Find gives the key of an object's version.
func (k *Keys) Find(ctx context.Context, object string) (*envelope.Key, string, error) {
	return k.now().Find(ctx, object)
}

// Demanded says whether an object is never written without a key.
func (k *Keys) Demanded(object string) (bool, []string) { return k.now().Demanded(object) }

// Make makes the key of an object's version.
func (k *Keys) Make(ctx context.Context, object string) error { return k.now().Make(ctx, object) }

// New makes the key of a new object's version, which is durable when it is kept.
func (k *Keys) New(ctx context.Context, object string) (*envelope.Key, string, func(context.Context) error, error) {
	return k.now().New(ctx, object)
}

// Share gives one version the key of another.
func (k *Keys) Share(ctx context.Context, from, to string) error {
	return k.now().Share(ctx, from, to)
}

// Drop removes the key of an object's version.
func (k *Keys) Drop(ctx context.Context, object string) error { return k.now().Drop(ctx, object) }

// Get reads a record.
func (k *Keys) Get(ctx context.Context, name string) ([]byte, error) {
	if err := k.down(); err != nil {
		return nil, err
	}
	return k.records.Get(ctx, name)
}

// Add writes a record that is not there.
func (k *Keys) Add(ctx context.Context, name string, record []byte) (bool, error) {
	if err := k.down(); err != nil {
		return false, err
	}
	return k.records.Add(ctx, name, record)
}

// Replace writes a record in the place of another.
func (k *Keys) Replace(ctx context.Context, name string, was, record []byte) (bool, error) {
	if err := k.down(); err != nil {
		return false, err
	}
	return k.records.Replace(ctx, name, was, record)
}

// Remove removes a record.
func (k *Keys) Remove(ctx context.Context, name string) error {
	if err := k.down(); err != nil {
		return err
	}
	return k.records.Remove(ctx, name)
}

// Names gives the names of records.
func (k *Keys) Names(ctx context.Context, prefix, after string, visit func(string) error) error {
	if err := k.down(); err != nil {
		return err
	}
	return k.records.Names(ctx, prefix, after, visit)
}

// View shows what lies in a store that encrypts: nothing is decrypted.
func View(store *s3.Store) *s3.Store {
	view := *store
	staging, clean, quarantine := *store.Staging, *store.Clean, *store.Quarantine
	view.Staging, view.Clean, view.Quarantine = &staging, &clean, &quarantine
	view.Encrypt(nil)
	return &view
}
