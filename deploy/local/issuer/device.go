package main

import (
	"crypto/rand"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// The device authorization grant (RFC 8628): a command line shows a code, and
// the person confirms it in a browser and chooses a subject.

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	deviceLife  = 10 * time.Minute
	deviceTTL   = 12 * time.Hour
	maxDevices  = 1000
)

// subjects are roles of the demonstration, not people.
var subjects = []string{
	"owner-a", "admin-a", "teacher-a", "student-a", "student-a2", "student-a3", "student-a4", "parent-a", "auditor-a", "owner-b", "student-b", "operator",
}

type device struct {
	code, userCode, subject string
	ends                    time.Time
}

type devices struct {
	mu  sync.Mutex
	all []*device
}

func newDevices() *devices { return &devices{} }

// begin creates a pair of codes and deletes expired ones.
func (d *devices) begin(now time.Time) (device, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = slices.DeleteFunc(d.all, func(x *device) bool { return now.After(x.ends) })
	if len(d.all) >= maxDevices {
		return device{}, false
	}
	text := rand.Text()
	x := &device{code: rand.Text(), userCode: text[:4] + "-" + text[4:8], ends: now.Add(deviceLife)}
	d.all = append(d.all, x)
	return *x, true
}

func (d *devices) confirm(userCode, subject string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range d.all {
		if x.userCode == userCode && x.subject == "" && now.Before(x.ends) {
			x.subject = subject
			return true
		}
	}
	return false
}

// take returns a device's state; a confirmed one is returned once.
func (d *devices) take(code string, now time.Time) (device, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.all, func(x *device) bool { return x.code == code && now.Before(x.ends) })
	if i < 0 {
		return device{}, false
	}
	x := *d.all[i]
	if x.subject != "" {
		d.all = slices.Delete(d.all, i, i+1)
	}
	return x, true
}

func (i *issuer) authorizeDevice(w http.ResponseWriter, _ *http.Request) {
	x, ok := i.devices.begin(time.Now())
	if !ok {
		refuse(w, http.StatusServiceUnavailable, "temporarily_unavailable", "too many logins wait for their confirmation")
		return
	}
	page := i.Issuer + "/device"
	answer(w, http.StatusOK, map[string]any{
		"device_code": x.code, "user_code": x.userCode, "verification_uri": page,
		"verification_uri_complete": page + "?user_code=" + url.QueryEscape(x.userCode),
		"expires_in":                int(deviceLife.Seconds()), "interval": 1,
	})
}

// token is the token endpoint. Programs of the stack, which hold its secret,
// use it too, with JSON.
func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		i.mint(w, r)
		return
	}
	switch r.PostFormValue("grant_type") {
	case codeGrant:
		i.redeem(w, r)
	case refreshGrant:
		i.refresh(w, r)
	case deviceGrant:
		i.deviceToken(w, r)
	default:
		refuse(w, http.StatusBadRequest, "unsupported_grant_type", "this issuer knows the grants of codes, refresh tokens and device codes")
	}
}

func (i *issuer) deviceToken(w http.ResponseWriter, r *http.Request) {
	x, ok := i.devices.take(r.PostFormValue("device_code"), time.Now())
	switch {
	case !ok:
		refuse(w, http.StatusBadRequest, "expired_token", "the code is unknown or its time is over; log in again")
	case x.subject == "":
		refuse(w, http.StatusBadRequest, "authorization_pending", "the code has not been confirmed yet")
	default:
		i.grant(w, x.subject, i.Audience, deviceTTL, pageTokens{})
	}
}

//go:embed device.html
var deviceHTML string

var devicePage = template.Must(template.New("device").Parse(deviceHTML))

type deviceView struct {
	Code, Said string
	Subjects   []string
}

func (i *issuer) showDevice(w http.ResponseWriter, r *http.Request) {
	page(w, http.StatusOK, deviceView{Code: r.URL.Query().Get("user_code"), Subjects: subjects})
}

func (i *issuer) confirmDevice(w http.ResponseWriter, r *http.Request) {
	// A page of another site may not confirm a login on the person's behalf.
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		http.Error(w, "this form belongs to the issuer's own page", http.StatusForbidden)
		return
	}
	code, subject := r.PostFormValue("user_code"), r.PostFormValue("subject")
	if !slices.Contains(subjects, subject) || !i.devices.confirm(code, subject, time.Now()) {
		page(w, http.StatusBadRequest, deviceView{Code: code, Subjects: subjects, Said: "This code is not waiting for a confirmation. Log in again."})
		return
	}
	page(w, http.StatusOK, deviceView{Said: "Confirmed as " + subject + ". You may close this page."})
}

func page(w http.ResponseWriter, status int, v deviceView) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = devicePage.Execute(w, v)
}
