// Package verdict has the one word for what a look at a file found, from the
// scanner's socket over the workflow and the database to the API.
package verdict

import "slices"

// Verdict is what a step found. Its zero value is no verdict at all, so that a
// forgotten assignment can never be read as clean.
type Verdict string

// The closed list. Only a file that was found Clean is published.
const (
	None        Verdict = ""
	Accepted    Verdict = "accepted"    // inspection: it goes on to the scanner
	Rejected    Verdict = "rejected"    // a rule refuses it, whatever the scanner says
	Clean       Verdict = "clean"       // the scanner saw every byte and found nothing
	Infected    Verdict = "infected"    // the scanner names what it found
	Unscannable Verdict = "unscannable" // it could not be looked at completely
)

// All lists every verdict.
func All() []Verdict { return []Verdict{None, Accepted, Rejected, Clean, Infected, Unscannable} }

// Recorded lists the verdicts that a version's row may hold: those of the
// scanner, and unscannable. A rejection by inspection is a status with its
// rule.
func Recorded() []Verdict { return []Verdict{None, Clean, Infected, Unscannable} }

// ByScanner reports that a scanner may answer so. Silence is no answer.
func (v Verdict) ByScanner() bool {
	return v != None && slices.Contains(Recorded(), v)
}
