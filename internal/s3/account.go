package s3

import (
	"log/slog"
	"sync"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// account is one at the store.
type account struct{ access, secret string }

// own is the program's.
func (c Config) own() account { return account{c.AccessKey, c.SecretKey} }

// ofKeys is the one that reaches data keys.
func (c Config) ofKeys() account {
	if c.KeysAccessKey == "" {
		return c.own()
	}
	return account{c.KeysAccessKey, c.KeysSecretKey}
}

func (c Config) credentials(of func(Config) account) *credentials.Credentials {
	if c.Fresh == nil {
		a := of(c)
		return credentials.NewStaticV4(a.access, a.secret, "")
	}
	return credentials.New(&fresh{read: c.Fresh, of: of, last: of(c)})
}

// freshEvery is how often keys are read again.
const freshEvery = 5 * time.Second

// fresh reads the keys of an account again, so that they are replaced while the program runs.
// What cannot be read changes nothing: a file that is half written takes no key away.
type fresh struct {
	read func() (Config, error)
	of   func(Config) account

	mu     sync.Mutex
	last   account
	looked time.Time
}

// Retrieve gives the keys.
func (f *fresh) Retrieve() (credentials.Value, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looked = time.Now()
	if c, err := f.read(); err != nil {
		slog.Warn("keys of the store not read; those that were read before stay", "error", err)
	} else if a := f.of(c); a.access != "" && a.secret != "" {
		f.last = a
	}
	return credentials.Value{AccessKeyID: f.last.access, SecretAccessKey: f.last.secret, SignerType: credentials.SignatureV4}, nil
}

// RetrieveWithCredContext gives the keys.
func (f *fresh) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return f.Retrieve()
}

// IsExpired says whether it is time to look.
func (f *fresh) IsExpired() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Since(f.looked) >= freshEvery
}
