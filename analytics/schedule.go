package analytics

import (
	"time"
	_ "time/tzdata" // a machine without its own list of time zones makes reports at the right hour too

	"satchel/internal/fault"
)

// Every is how often a report comes by itself.
type Every string

// The intervals. Each is about the last one that is over.
const (
	Day   Every = "day"
	Week  Every = "week" // from Monday on
	Month Every = "month"
)

// Timing is when a report comes, by the clocks of the organization.
type Timing struct {
	Every   Every
	Weekday int // of every week: 1 is Monday
	Minute  int // of the day
}

var errTiming = fault.New(fault.Invalid, "invalid_schedule", "every is day, week or month; weekday, of every week, is 1 (Monday) to 7; at is a time of the day such as 06:30.")

// Check refuses what is no timing.
func (t Timing) Check() error {
	if t.Every != Day && t.Every != Week && t.Every != Month || t.Weekday < 1 || t.Weekday > 7 || t.Minute < 0 || t.Minute >= 24*60 {
		return errTiming
	}
	return nil
}

// Next is the first moment after now at which a report is due. Where clocks are put forward
// over it, it is as long after midnight as clocks that were not would say; where they are
// put back over it, it comes once.
func (t Timing) Next(now time.Time, zone *time.Location) time.Time {
	today := Date(now, zone)
	for day := 0; ; day++ {
		date := today.AddDate(0, 0, day)
		if !t.on(date) {
			continue
		}
		if at := time.Date(date.Year(), date.Month(), date.Day(), t.Minute/60, t.Minute%60, 0, 0, zone); at.After(now) {
			return at
		}
	}
}

// on says whether a report comes on the day.
func (t Timing) on(date time.Time) bool {
	switch t.Every {
	case Week:
		return (int(date.Weekday())+6)%7+1 == t.Weekday
	case Month:
		return date.Day() == 1
	default:
		return true
	}
}

// Last is the newest day, week or month that is over at the moment.
func (t Timing) Last(now time.Time, zone *time.Location) Period {
	today := Date(now, zone)
	switch t.Every {
	case Week:
		monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
		return Period{monday.AddDate(0, 0, -7), monday.AddDate(0, 0, -1)}
	case Month:
		first := today.AddDate(0, 0, 1-today.Day())
		return Period{first.AddDate(0, -1, 0), first.AddDate(0, 0, -1)}
	default:
		yesterday := today.AddDate(0, 0, -1)
		return Period{yesterday, yesterday}
	}
}
