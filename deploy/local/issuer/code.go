package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// The authorization code grant for a web page (RFC 6749, 4.1, with RFC 7636 and
// RFC 9207): two public clients with one redirect address each, compared
// exactly.

const (
	codeGrant  = "authorization_code"
	codeLife   = time.Minute
	maxWaiting = 1000
)

// challengeForm matches a SHA-256 in base64url, newcomerForm the subject of a
// new person.
var (
	challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	newcomerForm  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
)

// authorization holds the unchecked parameters of an authorization request.
type authorization struct {
	Client, Redirect, Response, Scope, State, Nonce, Challenge, Method string
}

func readAuthorization(v url.Values) authorization {
	return authorization{
		Client: v.Get("client_id"), Redirect: v.Get("redirect_uri"), Response: v.Get("response_type"), Scope: v.Get("scope"),
		State: v.Get("state"), Nonce: v.Get("nonce"), Challenge: v.Get("code_challenge"), Method: v.Get("code_challenge_method"),
	}
}

// fault is the OAuth error of an invalid authorization request.
func (a authorization) fault() string {
	switch {
	case a.Response != "code":
		return "unsupported_response_type"
	case !slices.Contains(strings.Fields(a.Scope), "openid"):
		return "invalid_scope"
	case a.Method != "S256" || !challengeForm.MatchString(a.Challenge) || a.State == "":
		return "invalid_request"
	}
	return ""
}

// grants are the codes that have not been redeemed.
type grants struct {
	mu  sync.Mutex
	all map[string]grant
}

type grant struct {
	authorization

	subject string
	ends    time.Time
}

func newGrants() *grants { return &grants{all: map[string]grant{}} }

func (g *grants) add(x grant, now time.Time) (code string, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for code, x := range g.all {
		if now.After(x.ends) {
			delete(g.all, code)
		}
	}
	if len(g.all) >= maxWaiting {
		return "", false
	}
	code = rand.Text()
	x.ends = now.Add(codeLife)
	g.all[code] = x
	return code, true
}

// take returns the authorization of a code and deletes the code, so that it
// works once.
func (g *grants) take(code string, now time.Time) (grant, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	x, ok := g.all[code]
	delete(g.all, code)
	return x, ok && now.Before(x.ends)
}

// proves says whether the verifier matches the challenge (RFC 7636).
func (a authorization) proves(verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(a.Challenge)) == 1
}

//go:embed authorize.html
var authorizeHTML string

var authorizePage = template.Must(template.New("authorize").Parse(authorizeHTML))

type authorizeView struct {
	authorization

	Subjects             []string
	Suggested, Said, Bad string
	Ended                bool // the page says that a sign-out is done
}

// authorize shows the choice of persons. It redirects to the configured address
// only: any other would give the code to the author of the link.
func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	a := readAuthorization(r.URL.Query())
	if i.known(w, a) && i.sound(w, r, a) {
		i.choose(w, http.StatusOK, a, "")
	}
}

// decide takes the person's choice and sends them back with a code.
func (i *issuer) decide(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		http.Error(w, "this form belongs to the issuer's own page", http.StatusForbidden)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	a := readAuthorization(r.PostForm)
	if !i.known(w, a) || !i.sound(w, r, a) {
		return
	}
	if r.PostFormValue("cancel") != "" {
		i.back(w, r, a, url.Values{"error": {"access_denied"}})
		return
	}
	subject := r.PostFormValue("subject")
	if subject == "new" {
		subject = r.PostFormValue("newcomer")
	}
	if !slices.Contains(subjects, subject) && !newcomerForm.MatchString(subject) {
		i.choose(w, http.StatusBadRequest, a, "Pick one of the list, or give a name of small letters, digits and hyphens.")
		return
	}
	code, ok := i.grants.add(grant{authorization: a, subject: subject}, time.Now())
	if !ok {
		i.back(w, r, a, url.Values{"error": {"temporarily_unavailable"}})
		return
	}
	i.back(w, r, a, url.Values{"code": {code}})
}

// redirectOf is the one address to which people of a client are sent back.
func (i *issuer) redirectOf(client string) string {
	switch client {
	case "":
		return ""
	case i.WebClient:
		return i.Redirect
	case i.ConsoleClient:
		return i.ConsoleURL
	}
	return ""
}

func (i *issuer) known(w http.ResponseWriter, a authorization) bool {
	if a.Redirect != "" && a.Redirect == i.redirectOf(a.Client) {
		return true
	}
	i.show(w, http.StatusBadRequest, authorizeView{Said: "This client, or the address it would be sent back to, is not known here. Nothing was sent anywhere."})
	return false
}

func (i *issuer) sound(w http.ResponseWriter, r *http.Request, a authorization) bool {
	bad := a.fault()
	if bad != "" {
		i.back(w, r, a, url.Values{"error": {bad}})
	}
	return bad == ""
}

func (i *issuer) choose(w http.ResponseWriter, status int, a authorization, bad string) {
	i.show(w, status, authorizeView{authorization: a, Subjects: subjects, Suggested: "newcomer-" + randomName(), Bad: bad})
}

func randomName() string {
	b := make([]byte, 3)
	_, _ = rand.Read(b) // it never fails
	const digits = "0123456789abcdef"
	name := make([]byte, 0, 2*len(b))
	for _, x := range b {
		name = append(name, digits[x>>4], digits[x&15])
	}
	return string(name)
}

func (i *issuer) back(w http.ResponseWriter, r *http.Request, a authorization, answer url.Values) {
	answer.Set("state", a.State)
	answer.Set("iss", i.Issuer) // RFC 9207: the page sees who answered
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, a.Redirect+"?"+answer.Encode(), http.StatusSeeOther)
}

// show sends the page. The answer to its form redirects to the client, which
// browsers check against form-action.
func (i *issuer) show(w http.ResponseWriter, status int, v authorizeView) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+strings.Join(i.origins(), " "))
	h.Set("Referrer-Policy", "same-origin") // with none, a browser sends its own form with no origin
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = authorizePage.Execute(w, v)
}

// origins are those of the pages that may request tokens.
func (i *issuer) origins() []string {
	var all []string
	for _, address := range []string{i.Redirect, i.ConsoleURL} {
		if u, err := url.Parse(address); err == nil && u.Host != "" && !slices.Contains(all, u.Scheme+"://"+u.Host) {
			all = append(all, u.Scheme+"://"+u.Host)
		}
	}
	return all
}

// allowPages lets the pages of the clients, and no others, read the answer.
func (i *issuer) allowPages(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); slices.Contains(i.origins(), origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
}

// redeem exchanges a code for tokens.
func (i *issuer) redeem(w http.ResponseWriter, r *http.Request) {
	i.allowPages(w, r)
	x, ok := i.grants.take(r.PostFormValue("code"), time.Now())
	if !ok || x.Client != r.PostFormValue("client_id") || x.Redirect != r.PostFormValue("redirect_uri") || !x.proves(r.PostFormValue("code_verifier")) {
		refuse(w, http.StatusBadRequest, "invalid_grant", "the code is unknown, was used, is over, or was somebody else's; sign in again")
		return
	}
	session, refresh := "", ""
	if slices.Contains(strings.Fields(x.Scope), offlineScope) {
		if session, refresh, ok = i.logins.begin(x.subject, x.Client, time.Now()); !ok {
			refuse(w, http.StatusServiceUnavailable, "temporarily_unavailable", "too many people are signed in")
			return
		}
	}
	id, err := i.identify(x, session, time.Now())
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error", "the token could not be signed")
		return
	}
	i.grant(w, x.subject, i.Audience, i.PageTTL, pageTokens{id: id, refresh: refresh})
}
