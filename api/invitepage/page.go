// Package invitepage is the page on which a person looks at an invitation, signs in
// and answers it.
package invitepage

import (
	"context"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"satchel/internal/oidc"
)

// Path is where the page is, and where the issuer sends people back to.
const Path = "/invitations"

// Config is what the page needs to let people sign in. The client is public: it
// has no secret, and the issuer knows it by the page's address.
type Config struct {
	ClientID string `env:"SATCHEL_OIDC_WEB_CLIENT_ID"`                  // public OAuth client of the web pages; empty: the invitation page offers no sign-in
	Scopes   string `env:"SATCHEL_OIDC_WEB_SCOPES" envDefault:"openid"` // scopes that the web pages ask for
}

// Issuer knows where people sign in. *oidc.Verifier is one.
type Issuer interface {
	SignIn(ctx context.Context) (oidc.SignIn, error)
}

// Page answers GET. It has no effect, since scanners of mail follow links before
// people do, and it needs nothing of the invitation: the token is in the
// fragment, which no browser sends.
type Page struct {
	config   Config
	api      string
	redirect string
	issuer   Issuer
	log      *slog.Logger
}

// New makes the page of the API at this address.
func New(c Config, api string, issuer Issuer, log *slog.Logger) *Page {
	api = strings.TrimRight(api, "/")
	return &Page{config: c, api: api, redirect: api + Path, issuer: issuer, log: log}
}

//go:embed page.html
var source string

//go:embed page.css
var style string

//go:embed page.js
var script string

// ServeHTTP sends the page with what it needs to know of the issuer.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	settings := [][2]string{}
	calls := ""
	if p.config.ClientID != "" {
		in, err := p.issuer.SignIn(r.Context())
		if err != nil {
			p.log.WarnContext(r.Context(), "load sign-in configuration for invitation page failed", "error", err)
			settings = append(settings, [2]string{"down", "yes"})
		} else {
			settings = append(settings, [2]string{"authorize", in.Authorization}, [2]string{"tokens", in.Token}, [2]string{"issuer", in.Issuer},
				[2]string{"client", p.config.ClientID}, [2]string{"scopes", p.config.Scopes}, [2]string{"redirect", p.redirect})
			calls = cspSource(in.Token)
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy+calls)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = strings.NewReplacer("{{style}}", style, "{{script}}", script, "{{settings}}", attributes(settings), "{{api}}", html.EscapeString(p.api)).WriteString(w, source)
}

// The page may run its own script and style, known by their hashes, and call
// this API and the issuer's token endpoint: nothing else, and no one else's.
var policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; script-src " +
	hash(script) + "; style-src " + hash(style) + "; connect-src 'self'"

// hash is the source by which CSP (level 3, 6.7.3.3) allows one inline element.
func hash(text string) string {
	h := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "'"
}

// cspSource is an address as a policy takes it, after a space. One that could
// end the directive is none.
func cspSource(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host+u.EscapedPath(), ";, '") {
		return ""
	}
	return " " + u.Scheme + "://" + u.Host + u.EscapedPath()
}

func attributes(values [][2]string) string {
	var b strings.Builder
	for _, v := range values {
		b.WriteString(" data-" + v[0] + `="` + html.EscapeString(v[1]) + `"`)
	}
	return b.String()
}
