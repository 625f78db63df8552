// Package compliance says of each rule of 16 CFR 312 (COPPA) and 34 CFR 99 (FERPA) that the
// platform enforces or keeps a record for, whether an organization meets it now. A rule is a
// row of a table: what it asks, a check over the organization's rows, where the evidence is
// seen, and the tests that prove the mechanism. Nothing of a report is stored or set by hand.
package compliance

import (
	"context"
	"fmt"
	"time"

	"satchel/policies/compliance/compliancedb"
	"satchel/tenancy"
)

// Law is whose rule it is.
type Law string

// The laws.
const (
	COPPA Law = "coppa"
	FERPA Law = "ferpa"
)

// Laws lists them.
var Laws = []Law{COPPA, FERPA}

// State is how far an organization meets a rule.
type State string

// The states. What needs attention is met now and does not stay so by itself, or is for a
// person to judge: it does not make an organization one that breaks the rule.
const (
	Met       State = "met"
	NotMet    State = "not_met"
	Attention State = "needs_attention"
	NotAsked  State = "does_not_apply"
)

// States lists them, the most urgent first.
var States = []State{NotMet, Attention, Met, NotAsked}

// Kind says what the platform does about a rule.
type Kind string

// The kinds.
const (
	Enforced Kind = "enforced" // what breaks the rule is refused
	Recorded Kind = "recorded" // people do it, and the platform keeps when and by whom
)

// Proof names a test that proves the mechanism: a folder of the source, and the test's name.
type Proof struct {
	Package string `json:"package"`
	Test    string `json:"test"`
}

// Evidence is a count of rows. A count of 10000 is that many, or more.
type Evidence struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Rule is a row of the table.
type Rule struct {
	ID      string // stable
	Law     Law
	Section string // such as 16 CFR 312.5(a)(1)
	Asks    string
	Kind    Kind
	API     string // where the rows of the evidence are read, below the organization
	Page    string // of the console, below the organization; empty: none
	Proof   []Proof

	check func(*facts) Finding
}

// Finding is what a check found.
type Finding struct {
	State    State
	Reason   string // why, and what to do
	Evidence []Evidence
}

// Check is a rule with its finding.
type Check struct {
	Rule
	Finding
}

// Report is all checks of an organization at one time.
type Report struct {
	Org    tenancy.OrgID
	Name   string
	AsOf   time.Time
	Checks []Check
}

// Compliant says whether no rule of the law is broken.
func (r *Report) Compliant(law Law) bool {
	for _, c := range r.Checks {
		if c.Law == law && c.State == NotMet {
			return false
		}
	}
	return true
}

// Count is how many checks of a law are in a state.
func (r *Report) Count(law Law, state State) (n int) {
	for _, c := range r.Checks {
		if c.Law == law && c.State == state {
			n++
		}
	}
	return n
}

// facts are what the checks ask, read in one transaction.
type facts struct {
	child     compliancedb.ChildFactsRow
	consent   compliancedb.ConsentFactsRow
	services  compliancedb.ServiceFactsRow
	retention compliancedb.RetentionFactsRow
	personal  compliancedb.PersonalFactsRow
	records   compliancedb.RecordFactsRow
	duties    compliancedb.DutyFactsRow
	erasures  compliancedb.ErasureRequestFactsRow
}

// children says whether anything is kept of children, or would be collected from one.
func (f *facts) children() bool { return f.child.Children > 0 || f.child.FilesOfChildren > 0 }

func readFacts(ctx context.Context, tx *tenancy.Tx, at time.Time) (f facts, err error) {
	q := compliancedb.New(tx)
	f.child, err = q.ChildFacts(ctx)
	if err == nil {
		f.consent, err = q.ConsentFacts(ctx)
	}
	if err == nil {
		f.services, err = q.ServiceFacts(ctx)
	}
	if err == nil {
		f.retention, err = q.RetentionFacts(ctx)
	}
	if err == nil {
		f.personal, err = q.PersonalFacts(ctx)
	}
	if err == nil {
		f.records, err = q.RecordFacts(ctx)
	}
	if err == nil {
		f.duties, err = q.DutyFacts(ctx)
	}
	if err == nil {
		f.erasures, err = q.ErasureRequestFacts(ctx, at)
	}
	if err != nil {
		return f, fmt.Errorf("read facts of a compliance report: %w", err)
	}
	return f, nil
}

// Rules is the table.
func Rules() []Rule { return append(append([]Rule{}, coppa...), ferpa...) }

// Make checks every rule. db sees all rows of the organization: a check of the rows that one
// person may read would miss the others.
func Make(ctx context.Context, db *tenancy.DB, org tenancy.OrgID, now time.Time) (*Report, error) {
	r := &Report{Org: org, AsOf: now.UTC()}
	err := db.InTx(ctx, org, func(tx *tenancy.Tx) error {
		o, err := tenancy.GetOrganization(ctx, tx)
		if err != nil {
			return err
		}
		f, err := readFacts(ctx, tx, now)
		if err != nil {
			return err
		}
		r.Name = o.Name
		for _, rule := range Rules() {
			r.Checks = append(r.Checks, Check{rule, rule.check(&f)})
		}
		return nil
	})
	return r, err
}

// found makes a finding of counts that are given by name in turn.
func found(state State, reason string, counts ...any) Finding {
	f := Finding{State: state, Reason: reason, Evidence: []Evidence{}}
	for i := 0; i+1 < len(counts); i += 2 {
		f.Evidence = append(f.Evidence, Evidence{counts[i].(string), counts[i+1].(int64)})
	}
	return f
}

// one counts a thing that is there or not.
func one(there bool) int64 {
	if there {
		return 1
	}
	return 0
}
