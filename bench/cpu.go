package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// cpu is the processor time that each program of the stack has used, in
// milliseconds. It says what a file costs on a machine whose clock other work
// disturbs.
type cpu map[string]int

// used reads Linux's /proc; elsewhere it knows nothing.
func (b *bench) used() cpu {
	now := cpu{"bench": spent("self").self}
	for name, ids := range b.PIDs {
		for _, id := range ids {
			now[name] += spent(strconv.Itoa(id)).sum()
		}
	}
	if ids := b.PIDs["postgres"]; len(ids) == 1 {
		now["postgres"] += backends(ids[0])
	}
	return now
}

// backends are the processes of PostgreSQL's connections, which live on.
func backends(parent int) (sum int) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range all {
		if t := spent(filepath.Base(path)); t.parent == parent {
			sum += t.self
		}
	}
	return sum
}

// times is what /proc/ID/stat says: the parent, and the milliseconds of the
// process and of its children that ended.
type times struct{ parent, self, children int }

func (t times) sum() int { return t.self + t.children }

func spent(id string) (t times) {
	stat, err := os.ReadFile(filepath.Join("/proc", id, "stat"))
	if err != nil {
		return t
	}
	// The name in parentheses may hold anything; field 3 follows the last one.
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return t
	}
	n := func(field int) int { v, _ := strconv.Atoi(fields[field-3]); return v }
	const tick = 10 // milliseconds: Linux counts in hundredths of a second for every program
	return times{parent: n(4), self: tick * (n(14) + n(15)), children: tick * (n(16) + n(17))}
}

// each tells the milliseconds a file since then, the largest first.
func (c cpu) each(now cpu, files int) string {
	var parts []string
	total := 0
	names := slices.SortedFunc(maps.Keys(now), func(a, b string) int { return (now[b] - c[b]) - (now[a] - c[a]) })
	for _, name := range names {
		if d := now[name] - c[name]; d > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", name, d/files))
			total += d
		}
	}
	return fmt.Sprintf("CPU ms a file: %d (%s)", total/files, strings.Join(parts, ", "))
}
