package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/pprof"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/fx"

	"satchel/internal/settings"
)

// Readiness checks the dependencies of the program and reports which are
// missing.
type Readiness struct {
	mu       sync.Mutex
	checks   map[string]func(context.Context) error
	optional map[string]bool
	draining bool
	timeout  time.Duration // of all checks
}

func newReadiness() *Readiness {
	return &Readiness{checks: map[string]func(context.Context) error{}, optional: map[string]bool{}, timeout: checkTimeout}
}

// Add names one need and how to check it.
func (r *Readiness) Add(name string, check func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks[name] = check
}

// Optional says that the program serves requests while the named parts are missing,
// if not all of them. A balancer that took it away then would make less work.
func (r *Readiness) Optional(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		r.optional[name] = true
	}
}

// Drain says that the program is about to end: it answers what comes, and asks to be sent
// nothing more.
func (r *Readiness) Drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
}

// LetGo asks clients to close their connections while the program drains, each with its next answer. Those
// that are still open at the end are closed by the server (http.Server.Shutdown), and a request that is on its
// way then has no answer: its client sends it again only if it is safe to (RFC 9110, section 9.2.2).
func (r *Readiness) LetGo(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.isDraining() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, req)
	})
}

func (r *Readiness) isDraining() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.draining
}

// checkTimeout is below the timeout that a probe needs: docs/operating.md says 3 s.
const checkTimeout = 2 * time.Second

// Missing runs every check side by side and gives the failed ones. One that does not come
// back in time has failed: the probe's own timeout would take the whole program for dead.
func (r *Readiness) Missing(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	r.mu.Lock()
	checks := maps.Clone(r.checks)
	r.mu.Unlock()
	type answer struct {
		name string
		err  error
	}
	answers := make(chan answer, len(checks)) // with room for those that no one waits for any more
	missing := make(map[string]string, len(checks))
	for name, check := range checks {
		missing[name] = "no answer in time"
		go func() { answers <- answer{name, check(ctx)} }()
	}
	for range checks {
		select {
		case a := <-answers:
			if delete(missing, a.name); a.err != nil {
				missing[a.name] = a.err.Error()
			}
		case <-ctx.Done():
			return missing
		}
	}
	return missing
}

// ServeHTTP answers 200 when requests can be served, else 503, and names what is
// missing in both. The reasons go to the log, not to the caller.
func (r *Readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	missing := r.Missing(req.Context())
	draining := r.isDraining()
	ready, names := !draining, make([]string, 0, len(missing))
	for name, why := range missing {
		needed := r.needed(name)
		ready = ready && !needed
		slog.Warn("readiness check failed", "dependency", name, "needed", needed, "error", why)
		names = append(names, name)
	}
	slices.Sort(names)
	w.Header().Set("Content-Type", "application/json")
	if !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": ready, "degraded": ready && len(names) > 0, "draining": draining, "missing": names})
}

// names are the parts, those that are added while checks run among them.
func (r *Readiness) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.checks))
}

func (r *Readiness) needed(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.optional[name]
}

// Health answers that the process runs.
func Health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"alive":true}` + "\n"))
}

type operatorsConfig struct {
	Listen string        `env:"SATCHEL_METRICS_LISTEN" envDefault:"127.0.0.1:9090"` // address of /healthz, /readyz and /metrics; keep it private
	Pprof  string        `env:"SATCHEL_PPROF_LISTEN"`                               // address of /debug/pprof/, which tells what is in memory: loopback only; empty: none
	Drain  time.Duration `env:"SATCHEL_DRAIN" envDefault:"0s"`                      // how long /readyz says 503, and each answer asks to close the connection, before a program that was told to end stops taking requests; at least two periods of the balancer's probe, where nothing else takes the program out
}

// DrainFirst keeps a program that was told to end in service until balancers know of it.
// What is started last is stopped first, so it is a program's last line.
func DrainFirst(lc fx.Lifecycle, log *slog.Logger, ready *Readiness) error {
	c, err := settings.Load[operatorsConfig]()
	if err != nil {
		return err
	}
	lc.Append(fx.StopHook(func(ctx context.Context) {
		ready.Drain()
		if c.Drain == 0 {
			return
		}
		log.Info("draining", "for", c.Drain)
		select {
		case <-time.After(c.Drain):
		case <-ctx.Done():
		}
	}))
	return nil
}

// serveOperators opens the port for those who run the program: metrics and health. It is
// never the public port. Profiles have a port of their own, since scrapers need this one.
func serveOperators(lc fx.Lifecycle, log *slog.Logger, registry *prometheus.Registry, ready *Readiness) error {
	c, err := settings.Load[operatorsConfig]()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	mux.HandleFunc("/healthz", Health)
	mux.Handle("/readyz", ready)
	Serve(lc, log, "operators", c.Listen, &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second})
	if c.Pprof == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Pprof)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("SATCHEL_PPROF_LISTEN is %q: profiles show what is in memory, so give an address of loopback, such as 127.0.0.1:6060", c.Pprof)
	}
	profiles := http.NewServeMux()
	profiles.HandleFunc("/debug/pprof/", pprof.Index)
	profiles.HandleFunc("/debug/pprof/profile", pprof.Profile)
	profiles.HandleFunc("/debug/pprof/trace", pprof.Trace)
	Serve(lc, log, "profiles", c.Pprof, &http.Server{Handler: profiles, ReadHeaderTimeout: 5 * time.Second})
	return nil
}

// Serve runs an HTTP server for the program's life. The port is taken before
// the program says that it has started, so a taken port stops it. A server with a
// certificate speaks TLS.
func Serve(lc fx.Lifecycle, log *slog.Logger, name, address string, server *http.Server) {
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			var listen net.ListenConfig
			l, err := listen.Listen(ctx, "tcp", address)
			if err != nil {
				return err
			}
			log.Info("listening", "server", name, "address", l.Addr().String())
			go func() {
				serve := server.Serve
				if server.TLSConfig != nil {
					serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
				}
				if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
					log.Error("http server stopped", "server", name, "error", err)
				}
			}()
			return nil
		},
		OnStop: server.Shutdown,
	})
}
