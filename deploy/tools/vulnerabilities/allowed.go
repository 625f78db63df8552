package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// allowance is one entry of the allow list.
type allowance struct {
	id     string
	date   string
	reason string
}

var vulnerabilityID = regexp.MustCompile(`^GO-\d{4}-\d{4,}$`)

// readAllowed reads the allow list. Empty lines and lines that begin with # are no entries.
func readAllowed(in io.Reader, today time.Time) ([]allowance, error) {
	var list []allowance
	seen := map[string]bool{}
	lines := bufio.NewScanner(in)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		entry, err := parseAllowance(line, today)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if seen[entry.id] {
			return nil, fmt.Errorf("line %d: %s has two entries", number, entry.id)
		}
		seen[entry.id] = true
		list = append(list, entry)
	}
	return list, lines.Err()
}

func parseAllowance(line string, today time.Time) (allowance, error) {
	fields := strings.Fields(line)
	if len(fields) < 3 {
		return allowance{}, fmt.Errorf("%q is not ID DATE REASON", line)
	}
	entry := allowance{id: fields[0], date: fields[1], reason: strings.Join(fields[2:], " ")}
	if !vulnerabilityID.MatchString(entry.id) {
		return allowance{}, fmt.Errorf("%q is not an id such as GO-2026-1234", entry.id)
	}
	date, err := time.Parse(time.DateOnly, entry.date)
	if err != nil {
		return allowance{}, fmt.Errorf("%q is not a date such as 2026-11-28", entry.date)
	}
	if date.After(today) {
		return allowance{}, fmt.Errorf("%s is in the future", entry.date)
	}
	return entry, nil
}
