// Package edge is what a cache in front of the content host is told. The cache asks for
// each address whether it may be used. A yes names the object that holds the bytes, which
// the cache keeps by that name: what an address gives is decided here, and the bytes may
// stay where they are. docs/cdn.md tells the whole of it.
package edge

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	purging "satchel/activities/edge"
	"satchel/api/delivery"
	"satchel/api/delivery/signed"
	"satchel/internal/trust"
	"satchel/tenancy/usage"
)

// Config is the listener of the edge.
type Config struct {
	Listen   string   `env:"SATCHEL_EDGE_LISTEN"`        // address on which the edge asks for the right to an address and fetches bytes; empty: there is no edge. It belongs on a private network
	Keys     []string `env:"SATCHEL_EDGE_KEYS"`          // secrets (comma-separated) of at least 32 bytes, of which the edge shows one; to rotate, add a new one, give it to the edge, remove the old one
	Cert     string   `env:"SATCHEL_EDGE_TLS_CERT"`      // certificate (PEM) of that listener; empty: it speaks plain HTTP
	Key      string   `env:"SATCHEL_EDGE_TLS_KEY"`       // key (PEM) of the certificate
	ClientCA string   `env:"SATCHEL_EDGE_TLS_CLIENT_CA"` // certificates (PEM) of which the edge must show one of theirs; needs a certificate of the listener

	// Fresh reads the configuration again, for the certificate; nil: that of the start stays.
	Fresh func() (Config, error)
}

// What the edge and the listener say to each other, beside the headers that a client sees.
const (
	KeyHeader    = "Edge-Key"    // the shared secret
	MethodHeader = "Edge-Method" // the client's: a question is always a GET
	AnswerHeader = "Edge-Answer" // Yes or Pass; a refusal has none
	ObjectHeader = "Edge-Object" // by which the bytes are fetched and kept
	SizeHeader   = "Edge-Size"   // of the object
	TagsHeader   = "Edge-Tags"   // surrogate keys of what is given
	KeepHeader   = "Edge-Keep"   // for how long the answer may be kept
)

// Answers.
const (
	Yes  = "yes"
	Pass = "pass" // the content host itself has to give this
)

// MaxSize is the largest object that goes through the cache. A miss fetches the whole of
// an object, and a client that wants the end of a large one would wait for all of it.
const MaxSize = 32 << 20

// Kept is how long a yes may be kept: what was revoked is refused within it, also when no
// purge arrives.
const Kept = time.Second

// slow is how long a question may take for its answer to be kept. The answer is as old as
// the rows that it was made of.
const slow = Kept / 4

// Edge answers a cache.
type Edge struct {
	config Config
	sealer *signed.Keys
	from   delivery.Source
	keys   [][sha256.Size]byte
	meter  *usage.Meter

	answers *prometheus.CounterVec
	allowed prometheus.Counter
	fetched prometheus.Counter
	objects prometheus.Counter
}

const minKey = 32

// New makes it, or nil without a listener. What is given is counted by organization in m.
func New(c Config, sealer *signed.Keys, from delivery.Source, m *usage.Meter, r prometheus.Registerer) (*Edge, error) {
	if c.Listen == "" {
		return nil, nil //nolint:nilnil // no edge is no error
	}
	e := &Edge{
		config: c, sealer: sealer, from: from, meter: m,
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "satchel_edge_answers_total", Help: "Questions of the edge whether an address may be used, by answer."}, []string{"answer"}),
		allowed: prometheus.NewCounter(prometheus.CounterOpts{Name: "satchel_edge_allowed_bytes_total", Help: "Sizes of the objects that the edge was allowed to give. What it keeps an answer for is not in it."}),
		fetched: prometheus.NewCounter(prometheus.CounterOpts{Name: "satchel_edge_fetched_bytes_total", Help: "Bytes that the edge fetched because it did not have them."}),
		objects: prometheus.NewCounter(prometheus.CounterOpts{Name: "satchel_edge_fetched_objects_total", Help: "Objects that the edge fetched because it did not have them."}),
	}
	for _, key := range c.Keys {
		if key = strings.TrimSpace(key); len(key) < minKey {
			return nil, errors.New("SATCHEL_EDGE_KEYS holds a key that is shorter than 32 bytes; make one with `openssl rand -hex 32`")
		}
		e.keys = append(e.keys, sha256.Sum256([]byte(key)))
	}
	if len(e.keys) == 0 {
		return nil, errors.New("SATCHEL_EDGE_LISTEN is set and SATCHEL_EDGE_KEYS is not; make a key with `openssl rand -hex 32`")
	}
	if r != nil {
		r.MustRegister(e.answers, e.allowed, e.fetched, e.objects)
	}
	return e, nil
}

// Address is where the listener listens.
func (e *Edge) Address() string { return e.config.Listen }

// TLS is the listener's side of TLS; nil is plain HTTP. Certificate and authorities are read again
// at each handshake, so they are replaced while the program runs; what cannot be used changes nothing.
func (e *Edge) TLS() (*tls.Config, error) {
	first, err := e.config.tls()
	if first == nil || err != nil || e.config.Fresh == nil {
		return first, err
	}
	var last atomic.Pointer[tls.Config]
	last.Store(first)
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now, err := e.config.Fresh()
		if err == nil {
			var config *tls.Config
			if config, err = now.tls(); err == nil && config != nil && (config.ClientCAs != nil) == (first.ClientCAs != nil) {
				last.Store(config)
			}
		}
		if err != nil {
			slog.Warn("certificate of the edge's listener not read; the one that was read before stays", "error", err)
		}
		return last.Load(), nil
	}}, nil
}

func (c Config) tls() (*tls.Config, error) {
	if c.Cert == "" {
		if c.ClientCA != "" {
			return nil, errors.New("SATCHEL_EDGE_TLS_CLIENT_CA needs SATCHEL_EDGE_TLS_CERT and SATCHEL_EDGE_TLS_KEY")
		}
		return nil, nil //nolint:nilnil // plain HTTP is no error
	}
	cert, err := tls.X509KeyPair([]byte(c.Cert), []byte(c.Key))
	if err != nil {
		return nil, errors.New("SATCHEL_EDGE_TLS_CERT and SATCHEL_EDGE_TLS_KEY are no pair of a certificate and its key")
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
	if c.ClientCA != "" {
		if config.ClientCAs, err = trust.Roots("SATCHEL_EDGE_TLS_CLIENT_CA", c.ClientCA); err != nil {
			return nil, err
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}

// Handler answers the edge alone: its answers name objects, and its bytes are
// given without another question.
func (e *Edge) Handler(questions http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !e.knows(r.Header.Get(KeyHeader)):
			http.Error(w, "the edge alone is answered here", http.StatusForbidden)
		case strings.HasPrefix(r.URL.Path, BytesPath):
			e.serveBytes(w, r)
		default:
			questions.ServeHTTP(w, r)
		}
	})
}

// knows compares with every key, in constant time.
func (e *Edge) knows(key string) bool {
	given, good := sha256.Sum256([]byte(key)), 0
	for _, k := range e.keys {
		good |= subtle.ConstantTimeCompare(given[:], k[:])
	}
	return good == 1
}

// Method is the client's method of a question.
func Method(r *http.Request) string {
	if r.Header.Get(MethodHeader) == http.MethodHead {
		return http.MethodHead
	}
	return http.MethodGet
}

// Allow answers that the content of a link may be given.
func (e *Edge) Allow(w http.ResponseWriter, c delivery.Content, link signed.Link, began time.Time) {
	h := w.Header()
	delivery.SetHeaders(h, c)
	if !c.Modified.IsZero() {
		h.Set("Last-Modified", c.Modified.UTC().Format(http.TimeFormat))
	}
	h.Set(ObjectHeader, e.seal(object{key: c.Key, etag: c.ObjectETag, size: c.Size}))
	h.Set(SizeHeader, strconv.FormatInt(c.Size, 10))
	e.allowed.Add(float64(c.Size))
	e.meter.Add(link.Organization, usage.EdgeAnswers, 1)
	e.meter.Add(link.Organization, usage.EdgeBytes, c.Size)
	e.answer(w, Yes, strings.Join(Tags(link), " "), began)
}

// Pass answers that the content host has to be asked for this.
func (e *Edge) Pass(w http.ResponseWriter, began time.Time) { e.answer(w, Pass, "", began) }

func (e *Edge) answer(w http.ResponseWriter, answer, tags string, began time.Time) {
	keep := Kept
	if time.Since(began) > slow {
		keep = 0
	}
	h := w.Header()
	h.Set(AnswerHeader, answer)
	h.Set(TagsHeader, tags)
	h.Set(KeepHeader, strconv.Itoa(int(keep.Seconds()))+"s")
	h.Set("Content-Length", "0")
	e.answers.WithLabelValues(answer).Inc()
	w.WriteHeader(http.StatusOK)
}

// Refused counts a refusal.
func (e *Edge) Refused() { e.answers.WithLabelValues("no").Inc() }

// Tags of what is given: whatever ends it is purged by one of them.
func Tags(link signed.Link) []string {
	tags := []string{purging.OrganizationKey + link.Organization.String(), purging.FileKey + link.File.String(), purging.VersionKey + link.Version.String()}
	if link.Share != uuid.Nil {
		tags = append(tags, purging.ShareKey+link.Share.String())
	}
	return tags
}

// Hosted says whether a driver is of a cache that others run: it keeps what the headers
// allow, and makes no request.
func Hosted(driver string) bool { return driver == "cloudflare" || driver == "fastly" }
