package s3test

import (
	"encoding/base64"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"satchel/internal/keyring"
	"satchel/internal/kms"
	"satchel/internal/s3"
)

// Box wraps keys as every store of the tests does.
func Box(t testing.TB) *kms.Box {
	t.Helper()
	keys, err := kms.ParseFile([]byte("test " + base64.StdEncoding.EncodeToString(make([]byte, 32))))
	require.NoError(t, err)
	return kms.New(keys)
}

// Open opens a store that encrypts, as the programs do.
func Open(t testing.TB, c s3.Config) *s3.Store {
	t.Helper()
	store := Raw(t, c)
	ring, err := keyring.New(keyring.Config{On: true}, s3.RecordsOf(store.Keys, keyring.ErrAbsent), Box(t))
	require.NoError(t, err)
	store.Encrypt(ring)
	return store
}

// Raw opens a store that shows what lies in it.
func Raw(t testing.TB, c s3.Config) *s3.Store {
	t.Helper()
	store, err := s3.Open(c)
	require.NoError(t, err)
	return store
}

// Client is a client of the store without the platform's adapter.
func Client(t testing.TB, c s3.Config) *minio.Client {
	t.Helper()
	client, err := minio.New(c.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Region: c.Region})
	require.NoError(t, err)
	return client
}
