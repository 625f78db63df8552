package main

import (
	_ "embed" // the page
	"encoding/json"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
)

//go:embed mailbox.html
var source string

// The template escapes all that comes out of a mail. Its HTML form is shown as
// text: mails are someone else's words, also here.
var page = template.Must(template.New("mailbox").Parse(source))

// view is the page: the mails to one address, or to everyone.
type view struct {
	To    string
	Mails []message
}

// piece is a part of a mail's text: words, or an address that one can follow.
type piece struct {
	Text string
	Link bool
}

var links = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)']`)

// Pieces takes the text apart at its links, as the programs do by which people
// read mails.
func (m message) Pieces() (all []piece) {
	rest := m.Text
	for {
		at := links.FindStringIndex(rest)
		if at == nil {
			return append(all, piece{Text: rest})
		}
		all = append(all, piece{Text: rest[:at[0]]}, piece{Text: rest[at[0]:at[1]], Link: true})
		rest = rest[at[1]:]
	}
}

func newWeb(b *box) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		to := strings.TrimSpace(r.URL.Query().Get("to"))
		mails, err := b.newest(to)
		if err != nil {
			failed(w, err)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := page.Execute(w, view{to, mails}); err != nil {
			slog.Error("render mailbox page failed", "error", err)
		}
	})
	mux.HandleFunc("GET /messages", func(w http.ResponseWriter, r *http.Request) {
		mails, err := b.newest(r.URL.Query().Get("to"))
		if err != nil {
			failed(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"items": mails})
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	return guarded(mux)
}

func failed(w http.ResponseWriter, err error) {
	slog.Error("read mails failed", "error", err)
	http.Error(w, "the mails cannot be read; the log says why", http.StatusInternalServerError)
}

// guarded answers this machine only, by whatever name it was asked: a page of
// another site that a name service has led here brings its own host name.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this mailbox answers to this machine only", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
