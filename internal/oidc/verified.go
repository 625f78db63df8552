package oidc

import (
	"crypto/sha256"
	"sync"
	"time"

	"satchel/internal/ttlcache"
)

const (
	// verifiedTTL bounds how long a token is taken for verified before its signature is looked at
	// again. The keys of the issuer are kept longer than that, until a token names another one.
	verifiedTTL  = time.Minute
	verifiedSize = 4096
)

// verified remembers tokens that were verified, by their SHA-256: a page asks many times with one
// token, and a signature is most of what such a request costs before it begins. Tokens that were
// refused are not remembered.
type verified struct {
	found *ttlcache.Cache[[sha256.Size]byte, Identity]

	mu   sync.Mutex
	from time.Time // nothing is remembered before
}

func newVerified(now func() time.Time) *verified {
	v := &verified{found: ttlcache.New[[sha256.Size]byte, Identity](verifiedSize, verifiedTTL)}
	v.found.Now = now
	return v
}

func (k *verified) get(raw string) (Identity, bool) { return k.found.Get(sha256.Sum256([]byte(raw))) }

func (k *verified) put(raw string, who Identity) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.found.Now().Before(k.from) {
		k.found.PutUntil(sha256.Sum256([]byte(raw)), who, who.Until)
	}
}

// forget forgets all tokens: the issuer has other keys. The earlier ones may verify for an instant
// longer, so that nothing is remembered for a while.
func (k *verified) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.found.Clear()
	k.from = k.found.Now().Add(cacheTTL)
}
