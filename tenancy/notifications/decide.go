package notifications

import (
	"time"
	_ "time/tzdata" // a machine without its own list of time zones sends at the right hour too
)

// Wishes is what is known of a person when one notification is dispatched.
type Wishes struct {
	Member     bool
	Reachable  bool    // there is a confirmed address
	Inbox      Cadence // empty: the default
	Mail       Cadence // empty: the default
	Zone       string  // of the times below; empty: UTC
	QuietFrom  *int    // minutes of the day; nil: none
	QuietUntil *int
	DigestHour int
}

// Decision is what becomes of one notification.
type Decision struct {
	Hidden bool      // it is not in the inbox
	Mail   string    // kind of the mail; empty: none
	At     time.Time // when the mail is due
	Code   string    // why there is no mail
}

// Why there is no mail.
const (
	CodeNotMember   = "not_member"
	CodeNoAddress   = "no_address"
	CodeUnwanted    = "unwanted"
	CodeStudent     = "student"
	CodeSuppressed  = "address_suppressed"
	CodeInactive    = "organization_inactive"
	CodeEmpty       = "empty"
	CodeUnsure      = "mail_unsure"
	CodeAddressGone = "address_gone"
)

// Decide says what becomes of a notification at a moment. A required one is in the
// inbox and mailed at once.
func Decide(kind string, w Wishes, now time.Time) Decision {
	required := Required(kind)
	d := Decision{Hidden: w.Inbox == Never && !required}
	cadence := w.Mail
	if cadence == "" || required {
		cadence = Now
	}
	switch {
	case !w.Member:
		d.Code = CodeNotMember
	case cadence == Never:
		d.Code = CodeUnwanted
	case !w.Reachable:
		d.Code = CodeNoAddress
	case required:
		d.Mail, d.At = kind, now
	case cadence == EachDay:
		d.Mail, d.At = Daily, nextHour(now.In(zone(w.Zone)), w.DigestHour, false)
	case cadence == EachWeek:
		d.Mail, d.At = Weekly, nextHour(now.In(zone(w.Zone)), w.DigestHour, true)
	default:
		d.Mail, d.At = kind, afterQuiet(now, w)
	}
	return d
}

// ValidZone says whether the time zone is known.
func ValidZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "Local"
}

func zone(name string) *time.Location {
	if l, err := time.LoadLocation(name); err == nil {
		return l
	}
	return time.UTC
}

// nextHour is the next moment at which it is that hour, of a Monday if weekly. An hour
// that a day does not have, since clocks are put forward, is the one after it.
func nextHour(now time.Time, hour int, weekly bool) time.Time {
	for day := 0; ; day++ {
		at := time.Date(now.Year(), now.Month(), now.Day()+day, hour, 0, 0, 0, now.Location())
		if at.After(now) && (!weekly || at.Weekday() == time.Monday) {
			return at
		}
	}
}

// afterQuiet is now, or the end of the quiet hours in which now is. They may go over
// midnight.
func afterQuiet(now time.Time, w Wishes) time.Time {
	if w.QuietFrom == nil || w.QuietUntil == nil || *w.QuietFrom == *w.QuietUntil {
		return now
	}
	local := now.In(zone(w.Zone))
	minute, from, until := local.Hour()*60+local.Minute(), *w.QuietFrom, *w.QuietUntil
	day := 0
	switch {
	case from < until && (minute < from || minute >= until), from > until && minute < from && minute >= until:
		return now
	case from > until && minute >= from:
		day = 1
	}
	return time.Date(local.Year(), local.Month(), local.Day()+day, until/60, until%60, 0, 0, local.Location())
}
