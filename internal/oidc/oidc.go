// Package oidc identifies a caller by an OpenID Connect access token. It does
// not authorize: grants come from the database.
package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"satchel/internal/fault"
	"satchel/internal/trust"
)

// Config names the one issuer whose tokens are believed.
type Config struct {
	Issuer   string        `env:"SATCHEL_OIDC_ISSUER,required"`               // issuer of the access tokens, as `iss` names it
	Audience string        `env:"SATCHEL_OIDC_AUDIENCE" envDefault:"satchel"` // audience that an access token must name
	CA       string        `env:"SATCHEL_OIDC_CA"`                            // authorities in PEM that sign the issuer's certificate; empty: the machine's
	Skew     time.Duration `env:"SATCHEL_OIDC_CLOCK_SKEW" envDefault:"30s"`   // difference of the issuer's clock that is tolerated

	// An issuer that signs its access tokens as JWT signs its ID tokens so too: only
	// the audience tells them apart then.
	TokenTypes []string `env:"SATCHEL_OIDC_TOKEN_TYPES" envDefault:"at+jwt"` // values of typ (RFC 9068) in the header of access tokens
}

// Algorithms are the signatures that are accepted. The token does not choose:
// "none" and the symmetric ones, for which the public key would be the secret,
// are not among them.
var Algorithms = []string{oidc.RS256, oidc.ES256}

// maxToken is above any token seen in practice and keeps a hostile one from
// being parsed.
const maxToken = 16 << 10

// What a caller can meet.
var (
	ErrToken       = fault.New(fault.Denied, "invalid_token", "The access token is not valid: it is malformed, expired, or not meant for this API. Sign in again.")
	ErrUnavailable = fault.New(fault.Unavailable, "issuer_unavailable", "The token cannot be checked because the identity provider does not answer. Try again shortly.")
)

// ErrTokenType has the code of ErrToken and says what to send instead.
var ErrTokenType = fault.New(fault.Denied, ErrToken.Code, "The token is not an access token by its typ: an ID token, for example, is for the page that asked for it and not for this API. Send the access token.")

// Identity is who an issuer says that the caller is.
type Identity struct {
	Issuer, Subject string
	Until           time.Time // when the token is good no more
	Claims          *Claims   // what else the token says
}

// Claims are the claims of a verified token. They are read when they are asked for:
// most requests need none.
type Claims struct{ decode func(any) error }

// Read gives the claims as JSON has them; none of a token without them.
func (c *Claims) Read() (map[string]any, error) {
	claims := map[string]any{}
	if c == nil {
		return claims, nil
	}
	return claims, c.decode(&claims)
}

// Verifier checks tokens. The issuer is asked for its keys when the first token
// comes, and again when an unknown key signs, so a program starts without it.
type Verifier struct {
	config Config
	client *http.Client
	now    func() time.Time

	verified *verified

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
	signIn   SignIn
}

// SignIn is where a page sends people to sign in, and where it redeems the code
// that they come back with. EndSession is where it sends people to sign out (OpenID
// Connect RP-Initiated Logout 1.0); not every issuer has it.
type SignIn struct{ Issuer, Authorization, Token, EndSession string }

// New makes a verifier; it asks no one anything yet.
func New(c Config) (*Verifier, error) {
	roots, err := trust.Roots("SATCHEL_OIDC_CA", c.CA)
	if err != nil {
		return nil, err
	}
	v := &Verifier{config: c, now: time.Now}
	v.verified = newVerified(func() time.Time { return v.now() })
	v.client = newClient(roots, v.verified.forget)
	return v, nil
}

// Verify gives the person that a token names.
func (v *Verifier) Verify(ctx context.Context, raw string) (Identity, error) {
	if len(raw) > maxToken || strings.Count(raw, ".") != 2 {
		return Identity{}, ErrToken
	}
	if who, ok := v.verified.get(raw); ok {
		return who, nil
	}
	if err := v.checkType(raw); err != nil {
		return Identity{}, err
	}
	verifier, err := v.discovered(ctx)
	if err != nil {
		return Identity{}, err
	}
	var down error
	token, err := verifier.Verify(context.WithValue(ctx, downKey{}, &down), raw)
	switch {
	case down != nil:
		return Identity{}, ErrUnavailable.Because(down)
	case err != nil:
		return Identity{}, ErrToken.Because(err)
	case token.Subject == "":
		return Identity{}, ErrToken.Because(errors.New("no subject"))
	}
	who := Identity{Issuer: token.Issuer, Subject: token.Subject, Until: token.Expiry.Add(v.config.Skew), Claims: &Claims{token.Claims}}
	v.verified.put(raw, who)
	return who, nil
}

// checkType reads typ before the signature, which covers it.
func (v *Verifier) checkType(raw string) error {
	encoded, _, _ := strings.Cut(raw, ".")
	header, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return ErrToken.Because(err)
	}
	var h struct {
		Type string `json:"typ"`
	}
	if err := json.Unmarshal(header, &h); err != nil {
		return ErrToken.Because(err)
	}
	accepted := v.config.TokenTypes
	if len(accepted) == 0 {
		accepted = []string{accessTokenType}
	}
	for _, t := range accepted {
		if mediaType(t) == mediaType(h.Type) {
			return nil
		}
	}
	return ErrTokenType.Because(fmt.Errorf("typ is %q", h.Type))
}

const accessTokenType = "at+jwt"

// mediaType makes two ways of writing one type equal (RFC 7515, section 4.1.9).
func mediaType(typ string) string {
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}

// Issuer is the trusted issuer of tokens.
func (v *Verifier) Issuer() string { return v.config.Issuer }

// Ready says whether tokens can be checked.
func (v *Verifier) Ready(ctx context.Context) error {
	_, err := v.discovered(ctx)
	return err
}

// SignIn says where people sign in.
func (v *Verifier) SignIn(ctx context.Context) (SignIn, error) {
	if _, err := v.discovered(ctx); err != nil {
		return SignIn{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.signIn.Authorization == "" || v.signIn.Token == "" {
		return SignIn{}, ErrUnavailable.Because(errors.New("the issuer names no authorization or token endpoint"))
	}
	return v.signIn, nil
}

// discovered reads the issuer's description once. Failures are not remembered.
func (v *Verifier) discovered(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.verifier != nil {
		return v.verifier, nil
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, v.client), v.config.Issuer)
	if err != nil {
		return nil, ErrUnavailable.Because(fmt.Errorf("discover issuer: %w", err))
	}
	var found struct {
		Keys       string `json:"jwks_uri"`
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&found); err != nil || found.Keys == "" {
		return nil, ErrUnavailable.Because(fmt.Errorf("the issuer names no keys: %w", err))
	}
	there := provider.Endpoint()
	v.signIn = SignIn{Issuer: v.config.Issuer, Authorization: there.AuthURL, Token: there.TokenURL, EndSession: found.EndSession}
	// The key set outlives the request that happened to come first.
	remote := oidc.NewRemoteKeySet(oidc.ClientContext(context.WithoutCancel(ctx), v.client), found.Keys)
	v.verifier = oidc.NewVerifier(v.config.Issuer, keys{remote}, &oidc.Config{
		ClientID: v.config.Audience, SupportedSigningAlgs: Algorithms,
		// The library knows no tolerance for a token's end; a clock that is a
		// little late is one.
		Now: func() time.Time { return v.now().Add(-v.config.Skew) },
	})
	return v.verifier, nil
}

type downKey struct{}

// keys tells an issuer that cannot be asked from a signature that is wrong: the
// first is not the caller's fault and must not read as one.
type keys struct{ remote oidc.KeySet }

func (k keys) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.remote.VerifySignature(ctx, jwt)
	// The remote set wraps only what happened on the way to the issuer.
	if down, ok := ctx.Value(downKey{}).(*error); ok && err != nil && errors.Unwrap(err) != nil {
		*down = err
	}
	return payload, err
}
