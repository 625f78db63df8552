package pii

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"satchel/personal"
	"satchel/policies/pii"
	"satchel/tenancy"
	"satchel/tenancy/people"
)

// mostKnown bounds the people of all detectors that are kept: 100,000 take some 80 MiB.
const mostKnown = pii.MostPeople

// detectors keeps one detector an organization, until its roster or its patterns change.
type detectors struct {
	hasher *people.Hasher
	secret []byte

	mu   sync.Mutex
	kept []kept // the one that was used last is last
}

type kept struct {
	org      tenancy.OrgID
	mark     personal.RosterMark
	patterns []string
	detector *pii.Detector
}

// of gives the organization's detector.
func (d *detectors) of(ctx context.Context, q tenancy.Queries, org tenancy.OrgID) (*pii.Detector, error) {
	policies, err := tenancy.GetPolicies(ctx, q)
	if err != nil {
		return nil, err
	}
	mark, err := personal.GetRosterMark(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("read the state of the roster: %w", err)
	}
	if found := d.find(org, mark, policies.StudentIDs); found != nil {
		return found, nil
	}
	roster, err := personal.GetRoster(ctx, q)
	if err != nil {
		return nil, err
	}
	options := pii.Options{
		Key: personal.Key(d.secret, org), People: roster.People, Emails: roster.Emails,
		HashEmail: func(address string) (sum [32]byte) {
			copy(sum[:], d.hasher.HashEmail(org, address))
			return sum
		},
	}
	for _, expression := range policies.StudentIDs {
		options.StudentIDs = append(options.StudentIDs, pii.Pattern{Expression: expression, Weak: weak(expression)})
	}
	made, err := pii.New(options)
	if err != nil {
		return nil, fmt.Errorf("make detectors: %w", err)
	}
	d.keep(kept{org, mark, policies.StudentIDs, made})
	return made, nil
}

// weak says that a pattern takes plain digits, which other numbers share: they count beside
// words such as "student id" alone.
func weak(expression string) bool {
	p, err := pii.New(pii.Options{Key: make([]byte, 16), StudentIDs: []pii.Pattern{{Expression: expression}}})
	if err != nil {
		return true
	}
	return p.TakesPlainDigits()
}

func (d *detectors) find(org tenancy.OrgID, mark personal.RosterMark, patterns []string) *pii.Detector {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := slices.IndexFunc(d.kept, func(k kept) bool {
		return k.org == org && k.mark.People == mark.People && k.mark.Changed.Equal(mark.Changed) && slices.Equal(k.patterns, patterns)
	})
	if at < 0 {
		return nil
	}
	found := d.kept[at]
	d.kept = append(slices.Delete(d.kept, at, at+1), found)
	return found.detector
}

func (d *detectors) keep(k kept) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept = append(slices.DeleteFunc(d.kept, func(other kept) bool { return other.org == k.org }), k)
	var people int64
	for _, k := range d.kept {
		people += k.mark.People
	}
	const most = 100
	for len(d.kept) > 1 && (people > mostKnown || len(d.kept) > most) {
		people -= d.kept[0].mark.People
		d.kept = slices.Delete(d.kept, 0, 1)
	}
}
