package oidc

import (
	"crypto/sha256"
	"sync"
	"time"
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
	mu    sync.Mutex
	found map[[sha256.Size]byte]verifiedToken
	from  time.Time // nothing is remembered before
}

type verifiedToken struct {
	who     Identity
	expires time.Time
}

func (k *verified) get(raw string, now time.Time) (Identity, bool) {
	key := sha256.Sum256([]byte(raw))
	k.mu.Lock()
	defer k.mu.Unlock()
	f, ok := k.found[key]
	return f.who, ok && now.Before(f.expires)
}

func (k *verified) put(raw string, who Identity, now time.Time) {
	key := sha256.Sum256([]byte(raw))
	expires := now.Add(verifiedTTL)
	if who.Until.Before(expires) {
		expires = who.Until
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Before(k.from) {
		return
	}
	if len(k.found) >= verifiedSize {
		clear(k.found) // costs each token one verification, and no list to keep in order
	}
	k.found[key] = verifiedToken{who: who, expires: expires}
}

// forget forgets all tokens: the issuer has other keys. The earlier ones may verify for an instant
// longer, so that nothing is remembered for a while.
func (k *verified) forget(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.found)
	k.from = now.Add(cacheTTL)
}
