package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// momentsHelp is in the help of every command that takes a time.
const momentsHelp = `
A TIME is 2026-12-01T08:00:00Z, "2026-12-01 08:00" (here), 2026-12-01 (its first
moment for --opens, its last for all others), or from now on: 90m, 36h, 14d.`

// moment is a flag that is a time. Ends chooses what a bare date means.
type moment struct {
	at   *time.Time
	ends bool
}

var _ pflag.Value = (*moment)(nil)

func (m *moment) Type() string { return "TIME" }

func (m *moment) String() string {
	if m.at == nil {
		return ""
	}
	return m.at.Format(time.RFC3339)
}

func (m *moment) Set(text string) error {
	at, err := parseMoment(text, time.Now(), m.ends)
	if err == nil {
		m.at = &at
	}
	return err
}

func parseMoment(text string, now time.Time, ends bool) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if at, err := time.ParseInLocation("2006-01-02 15:04", text, now.Location()); err == nil {
		return at, nil
	}
	if at, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		if ends {
			at = at.AddDate(0, 0, 1).Add(-time.Second)
		}
		return at, nil
	}
	if days, found := strings.CutSuffix(text, "d"); found {
		if n, err := strconv.Atoi(days); err == nil && n > 0 {
			return now.AddDate(0, 0, n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(d), nil
	}
	return time.Time{}, fmt.Errorf(`%q is no time: give 2026-12-01T08:00:00Z, "2026-12-01 08:00", 2026-12-01, or from now on 90m, 36h or 14d`, text)
}

// shortTime shows a time that may not be there.
func shortTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04")
}
