package evidence

import (
	"slices"
	"time"
)

// From is what a clock counts from.
type From string

// The moments. An incident that is not confirmed has no such time yet: until then the clock counts
// from the discovery, which is the stricter.
const (
	Discovered From = "discovered"
	Confirmed  From = "confirmed"
)

// Clock is whom to tell, in which time.
type Clock struct {
	Name         string
	Jurisdiction string
	Tell         string
	Hours        int
	From         From
	Source       string
	Sure         bool // the text of the source was read; else ask counsel before you rely on it
}

// Own is the clock of an organization where no table says anything.
const Own = "own"

const day = 24

// Clocks is the table of jurisdictions. What is not in it is the organization's own time: most
// states and contracts have one, and the platform does not know all of them.
var Clocks = []Clock{
	{"us-ny.agency", "us-ny", "the educational agency, by its contractor", 7 * day, Discovered, "8 NYCRR 121.10", true},
	{"us-ny.state", "us-ny", "the state's education department, by the agency", 10 * day, Discovered, "8 NYCRR 121.10", true},
	{"us-ny.families", "us-ny", "parents, eligible students, teachers and principals", 60 * day, Discovered, "8 NYCRR 121.10", true},
	{"us-il.families", "us-il", "parents of the students", 30 * day, Discovered, "105 ILCS 85", false},
	{"ndpa.agency", "ndpa", "the local education agency", 72, Confirmed, "National Data Privacy Agreement, version 1", false},
}

// Jurisdictions lists those of the table.
func Jurisdictions() (names []string) {
	for _, c := range Clocks {
		if !slices.Contains(names, c.Jurisdiction) {
			names = append(names, c.Jurisdiction)
		}
	}
	return names
}

// due is until when a clock runs.
func (c Clock) due(discovered time.Time, confirmed *time.Time) time.Time {
	begins := discovered
	if c.From == Confirmed && confirmed != nil {
		begins = *confirmed
	}
	return begins.Add(time.Duration(c.Hours) * time.Hour)
}
