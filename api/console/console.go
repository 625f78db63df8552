// Package console serves the web console at /console/: one page, its assets with
// hashes in their names, and the policy of what they may do.
package console

import (
	"bytes"
	"context"
	_ "embed" // the page that is shown when the console was not built
	"html"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"satchel/internal/oidc"
)

// Path is where the console is. The build writes it into the page as the base of
// every address.
const Path = "/console"

// Config is how people sign in to the console. The client is public: it has no
// secret, and the issuer knows it by the address of the console.
type Config struct {
	ClientID string `env:"SATCHEL_OIDC_CONSOLE_CLIENT_ID"`                                 // public OAuth client of the console; empty: the console offers no sign-in
	Scopes   string `env:"SATCHEL_OIDC_CONSOLE_SCOPES" envDefault:"openid offline_access"` // scopes that the console asks for; without offline_access people sign in again when the access token ends
	Temporal string `env:"SATCHEL_CONSOLE_TEMPORAL_URL"`                                   // address of the Temporal UI that the console shows to operators; empty: it shows none. The page names it to everyone who loads it
	Metrics  string `env:"SATCHEL_CONSOLE_METRICS_URL"`                                    // address of the metrics or their dashboards that the console shows to operators; empty: it shows none. The page names it to everyone who loads it
}

// Issuer knows where people sign in. *oidc.Verifier is one.
type Issuer interface {
	SignIn(ctx context.Context) (oidc.SignIn, error)
}

// Console answers GET below /console/.
type Console struct {
	config Config
	home   string // the address that the issuer sends people back to
	policy string // what the page may do, but for what it may call
	issuer Issuer
	files  fs.FS
	index  []byte // nil: the console was not built
	log    *slog.Logger
}

//go:embed missing.html
var missing []byte

// marker is the line of index.html that the settings take the place of.
const marker = `<meta name="satchel-settings">`

// New makes the console of the API at this address, from the files of a build. Small
// pictures come from the content host.
func New(c Config, api, content string, files fs.FS, issuer Issuer, log *slog.Logger) *Console {
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		index = nil
	}
	return &Console{config: c, home: strings.TrimRight(api, "/") + Path + "/", policy: policyOf(content), issuer: issuer, files: files, index: index, log: log}
}

// ServeHTTP answers with an asset, or with the page for every other address: the
// page reads the address itself. A missing asset is 404 and never the page, so
// that a page of an older version learns that there is a newer one.
func (s *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == Path {
		to := Path + "/"
		if r.URL.RawQuery != "" {
			to += "?" + r.URL.RawQuery
		}
		http.Redirect(w, r, to, http.StatusPermanentRedirect) //nolint:gosec // the path is a constant, and it leads to no other host
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), Path+"/")
	if strings.HasPrefix(name+"/", "assets/") || name == "favicon.svg" {
		s.asset(w, r, name)
		return
	}
	s.page(w, r)
}

// encodings are the forms in which the build keeps an asset, the smallest first.
var encodings = []struct{ name, ending string }{{"br", ".br"}, {"gzip", ".gz"}}

func (s *Console) asset(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if !strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=3600") // its name has no hash
	}
	h.Add("Vary", "Accept-Encoding")
	for _, e := range encodings {
		if !accepts(r.Header.Get("Accept-Encoding"), e.name) {
			continue
		}
		if body, err := fs.ReadFile(s.files, name+e.ending); err == nil {
			h.Set("Content-Encoding", e.name)
			send(w, r, name, body)
			return
		}
	}
	body, err := fs.ReadFile(s.files, name)
	if err != nil || strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") {
		h.Set("Cache-Control", "no-store")
		http.Error(w, "there is no such file in this version of the console; reload the page", http.StatusNotFound)
		return
	}
	send(w, r, name, body)
}

// accepts says whether a coding is listed and not refused (RFC 9110, 12.5.3).
func accepts(header, coding string) bool {
	for entry := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(entry), ";")
		weight = strings.ReplaceAll(weight, " ", "")
		if strings.EqualFold(strings.TrimSpace(name), coding) && weight != "q=0" && !strings.HasPrefix(weight, "q=0.0") {
			return true
		}
	}
	return false
}

func send(w http.ResponseWriter, r *http.Request, name string, body []byte) {
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

// page sends index.html with what the console has to know, as attributes and
// never as script.
func (s *Console) page(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	if s.index == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write(missing)
		return
	}
	settings := [][2]string{{"home", s.home}}
	for _, link := range [][2]string{{"temporal", s.config.Temporal}, {"metrics", s.config.Metrics}} {
		if isWeb(link[1]) {
			settings = append(settings, link)
		}
	}
	calls := ""
	if s.config.ClientID != "" {
		in, err := s.issuer.SignIn(r.Context())
		if err != nil {
			s.log.WarnContext(r.Context(), "load sign-in configuration for console failed", "error", err)
			settings = append(settings, [2]string{"down", "yes"})
		} else {
			settings = append(settings, [2]string{"authorize", in.Authorization}, [2]string{"tokens", in.Token}, [2]string{"issuer", in.Issuer},
				[2]string{"end-session", in.EndSession}, [2]string{"client", s.config.ClientID}, [2]string{"scopes", s.config.Scopes})
			calls = source(in.Token)
		}
	}
	h.Set("Content-Security-Policy", s.policy+calls)
	_, _ = w.Write(bytes.Replace(s.index, []byte(marker), []byte(metas(settings)), 1))
}

// StyleHashes allow the two style elements that React Aria Components writes: both
// are constant texts. A test of web/ computes them from the installed package.
var StyleHashes = []string{
	"sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o=",
	"sha256-gYiS/BvZvRcK27JIXTuwhZ3hs2+VJ1X+2gUlE+farlg=",
}

// policyOf is what the page may do. The console runs its own scripts and styles and calls
// this API and the issuer's token endpoint, which is added behind it. Pictures and sounds
// of files are blobs that it has read with its token; thumbnails come from the content
// host. Trusted Types refuse every text that would become markup or script.
func policyOf(content string) string {
	return "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src 'self'; style-src 'self' '" +
		strings.Join(StyleHashes, "' '") + "'; img-src 'self' blob:" + source(content) + "; media-src blob:; font-src 'self'; manifest-src 'self'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'; connect-src 'self'"
}

// source is an address as a policy takes it, after a space. One that could end the
// directive is none.
func source(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host+u.EscapedPath(), ";, '") {
		return ""
	}
	return " " + u.Scheme + "://" + u.Host + u.EscapedPath()
}

// isWeb says whether a link leads to a page and to nothing that a browser would run.
func isWeb(link string) bool {
	u, err := url.Parse(link)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func metas(values [][2]string) string {
	var b strings.Builder
	for _, v := range values {
		b.WriteString(`<meta name="satchel-` + v[0] + `" content="` + html.EscapeString(v[1]) + `">`)
	}
	return b.String()
}
