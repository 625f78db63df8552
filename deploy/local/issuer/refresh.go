package main

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Refresh tokens of public clients (RFC 9700, 4.14.2): each works once and is
// answered with its successor. One that is used a second time was stolen, or its
// thief was first: the login ends for both.

const (
	refreshGrant = "refresh_token"
	offlineScope = "offline_access"
	loginLife    = 12 * time.Hour
	maxLogins    = 10_000
)

type login struct {
	subject, client, current string
	spent                    map[string]bool
	ends                     time.Time
}

// logins are the people who are signed in to a page, by the id of the session.
type logins struct {
	mu  sync.Mutex
	all map[string]*login
}

func newLogins() *logins { return &logins{all: map[string]*login{}} }

// begin returns the id of a new session and its first token.
func (l *logins) begin(subject, client string, now time.Time) (session, token string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for session, x := range l.all {
		if now.After(x.ends) {
			delete(l.all, session)
		}
	}
	if len(l.all) >= maxLogins {
		return "", "", false
	}
	session = rand.Text()
	x := &login{subject: subject, client: client, current: session + "." + rand.Text(), spent: map[string]bool{}, ends: now.Add(loginLife)}
	l.all[session] = x
	return session, x.current, true
}

// rotate exchanges a token for its successor.
func (l *logins) rotate(token, client string, now time.Time) (subject, next string, ok bool) {
	session, _, _ := strings.Cut(token, ".")
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.all[session]
	switch {
	case x == nil || now.After(x.ends) || x.client != client:
		return "", "", false
	case x.spent[token]:
		delete(l.all, session)
		return "", "", false
	case x.current != token:
		return "", "", false
	}
	x.spent[token] = true
	x.current = session + "." + rand.Text()
	return x.subject, x.current, true
}

func (l *logins) end(session string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, session)
}

func (i *issuer) refresh(w http.ResponseWriter, r *http.Request) {
	i.allowPages(w, r)
	subject, next, ok := i.logins.rotate(r.PostFormValue("refresh_token"), r.PostFormValue("client_id"), time.Now())
	if !ok {
		refuse(w, http.StatusBadRequest, "invalid_grant", "the refresh token is unknown, was used, or its login is over; sign in again")
		return
	}
	i.grant(w, subject, i.Audience, i.PageTTL, pageTokens{refresh: next})
}

// endSession ends the login that the ID token is of, and sends the person back to
// an address of a client (OpenID Connect RP-Initiated Logout 1.0).
func (i *issuer) endSession(w http.ResponseWriter, r *http.Request) {
	if session := i.sessionOf(r.URL.Query().Get("id_token_hint")); session != "" {
		i.logins.end(session)
	}
	back := r.URL.Query().Get("post_logout_redirect_uri")
	if back == "" || back != i.ConsoleURL {
		i.show(w, http.StatusOK, authorizeView{Said: "You are signed out.", Ended: true})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, i.ConsoleURL+"?"+url.Values{"state": {r.URL.Query().Get("state")}}.Encode(), http.StatusSeeOther)
}

// sessionOf reads the session of an ID token that this issuer signed, over or not.
func (i *issuer) sessionOf(hint string) string {
	token, err := jwt.ParseSigned(hint, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return ""
	}
	var claims struct {
		Session string `json:"sid"`
	}
	if err := token.Claims(i.key.Public().Key, &claims); err != nil {
		return ""
	}
	return claims.Session
}
