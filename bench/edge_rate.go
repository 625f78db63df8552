package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"satchel/client"
)

const (
	edgeObjects, edgeHot = 1000, 20
	edgeSize             = 64 << 10
	edgeDraws            = 50_000 // requests after which the same order begins again
)

// edgeRate measures how many requests a second a warm Varnish answers. A client of Go costs more than Varnish does, so wrk asks;
// without it nothing is measured.
func (b *bench) edgeRate(ctx context.Context, c *client.Client) error {
	wrk, err := exec.LookPath("wrk")
	if errors.Is(err, exec.ErrNotFound) {
		fmt.Fprint(os.Stderr, " (requests/s of the edge need wrk: apt-get install wrk) ")
		return nil
	}
	if err != nil {
		return err
	}
	files, err := publishMany(ctx, c, edgeObjects, edgeSize)
	if err != nil {
		return err
	}
	addresses, err := b.addressesAt(ctx, c, files, b.Edge)
	if err != nil {
		return err
	}
	hot := make([]string, edgeDraws)
	for i := range hot {
		hot[i] = addresses[i%edgeHot]
	}
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, edgeObjects-1) //nolint:gosec // which file is asked for is no secret
	popular := make([]string, edgeDraws)
	for i := range popular {
		popular[i] = addresses[zipf.Uint64()]
	}
	for _, of := range []struct {
		what string
		asks []string
	}{{fmt.Sprintf("%d files", edgeHot), hot}, {fmt.Sprintf("%d files, Zipf-like", edgeObjects), popular}} {
		if _, err := wrkRate(ctx, wrk, of.asks); err != nil { // warms
			return err
		}
		rate, err := wrkRate(ctx, wrk, of.asks)
		if err != nil {
			return err
		}
		b.add("64 KiB by a warm Varnish, "+of.what, rate, "requests/s", "≥ 15000", rate >= 15_000, "wrk, %d connections, %s; the yes is kept 1 s, after which the API is asked again", edgeClients, edgeTime)
	}
	return nil
}

var wrkLine = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

// wrkRate asks for the addresses in their order, again and again. An answer that is not 2xx or 3xx is an error.
func wrkRate(ctx context.Context, wrk string, addresses []string) (float64, error) {
	dir, err := os.MkdirTemp("", "satchel-bench-*")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var script strings.Builder
	script.WriteString("local asks = {\n")
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err != nil {
			return 0, err
		}
		_, _ = fmt.Fprintf(&script, "%q,\n", u.RequestURI())
	}
	// Requests are written before the first is sent: a format for each would be a part of what is measured.
	script.WriteString("}\nfunction init()\n  for i, path in ipairs(asks) do asks[i] = wrk.format('GET', path) end\nend\n" +
		"local n = 0\nfunction request()\n  n = n % #asks + 1\n  return asks[n]\nend\n")
	file := filepath.Join(dir, "asks.lua")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		return 0, err
	}
	at, err := url.Parse(addresses[0])
	if err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, wrk, "-t2", "-c"+strconv.Itoa(edgeClients), "-d"+edgeTime.String(), "-s", file, at.Scheme+"://"+at.Host).CombinedOutput()
	said := string(out)
	found := wrkLine.FindStringSubmatch(said)
	if err != nil || found == nil || strings.Contains(said, "Non-2xx") || strings.Contains(said, "Socket errors") {
		return 0, fmt.Errorf("wrk: %w: %s", err, said)
	}
	return strconv.ParseFloat(found[1], 64)
}
