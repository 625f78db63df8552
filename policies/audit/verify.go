package audit

import (
	"context"
	"errors"

	"satchel/tenancy"
)

// Report is what a verification found.
type Report struct {
	OK          bool         `json:"ok"`
	Events      int64        `json:"events"`
	Head        Head         `json:"head"`
	Checkpoints int          `json:"checkpoints"` // that agree with the audit log
	FirstBroken *BrokenChain `json:"first_broken"`
}

// CheckpointCheck is a checkpoint whose signature was verified, or the reason why not.
type CheckpointCheck struct {
	Checkpoint
	Bad  *BrokenChain
	Lost bool // a signed Fork explains it: it speaks of an event that a restore lost
}

// Checkpoints reads what was signed about an audit log behind a sequence number:
// the first n checkpoints, in the order of their sequence numbers.
type Checkpoints func(ctx context.Context, after int64, n int) ([]CheckpointCheck, error)

// mostCheckpoints bounds the checkpoints of one step: each is read from the store.
const mostCheckpoints = 200

// Verification is how far an audit log is verified. Its zero value is the
// beginning. It is small, so that it can be kept between two steps.
type Verification struct {
	Chain       Chain        // the last event that was verified
	Head        Head         // where the audit log ended when the last step began
	Checkpoints int          // that agree with the audit log
	FirstBroken *BrokenChain `json:",omitempty"`
	Ended       bool
}

// Next verifies at most so many events more: their chain, their columns, and the
// checkpoints about them. Its error is the database's or the store's; what it
// finds is in the Verification.
//
// The order of its reads matters: the checkpoints first, then the head, then the
// events. An event that is recorded meanwhile makes the audit log longer than
// what was read before says, and never shorter.
func (v *Verification) Next(ctx context.Context, q tenancy.Queries, signed Checkpoints, most int) error {
	n := min(most, mostCheckpoints)
	checkpoints, err := signed(ctx, v.Chain.Seq, n)
	if err != nil {
		return err
	}
	through := v.Chain.Seq + int64(most)
	if len(checkpoints) == n { // there may be more: they belong to the events of the next step
		through = min(through, checkpoints[n-1].Seq)
	}
	if v.Head, err = GetHead(ctx, q); err != nil {
		return err
	}
	s := step{Verification: v, left: checkpoints}
	if err = s.begin(); err == nil {
		err = each(ctx, q, v.Chain.Seq, through, s.take)
	}
	if err == nil && v.Chain.Seq < through {
		v.Ended, err = true, s.end()
	}
	var broken *BrokenChain
	if errors.As(err, &broken) {
		v.FirstBroken, v.Ended, err = broken, true, nil
	}
	return err
}

// Report says what the verification found.
func (v *Verification) Report() Report {
	return Report{OK: v.Ended && v.FirstBroken == nil, Events: v.Chain.Seq, Head: v.Head, Checkpoints: v.Checkpoints, FirstBroken: v.FirstBroken}
}

// step is one call of Next.
type step struct {
	*Verification
	left []CheckpointCheck // the checkpoints behind the last event that was verified
}

// begin compares the head with what the steps before verified.
func (s *step) begin() error {
	switch {
	case s.Head.Seq < s.Chain.Seq:
		return &BrokenChain{s.Head.Seq + 1, "is behind the event where the audit log is said to end"}
	case s.Head.Seq == s.Chain.Seq && s.Head.Hash != s.Chain.Hash:
		return &BrokenChain{s.Chain.Seq, "is not where the audit log is said to end"}
	}
	return nil
}

func (s *step) take(row stored) error {
	l, err := row.line()
	if err != nil {
		return err
	}
	if err := s.Chain.Next(l); err != nil {
		return err
	}
	if err := row.columns(); err != nil {
		return err
	}
	if row.Seq == s.Head.Seq && l.Hash != s.Head.Hash {
		return &BrokenChain{row.Seq, "is not where the audit log is said to end"}
	}
	for len(s.left) > 0 && s.left[0].Seq <= row.Seq {
		if err := s.against(s.left[0], l); err != nil {
			return err
		}
		s.left = s.left[1:]
	}
	return nil
}

func (s *step) against(c CheckpointCheck, l Line) error {
	switch {
	case c.Bad != nil:
		return c.Bad
	case c.Lost:
		return nil
	case c.Organization != s.Chain.Organization:
		return &BrokenChain{c.Seq, "has a checkpoint of another organization"}
	case c.Seq != l.Seq || c.Hash != l.Hash:
		return &BrokenChain{l.Seq, "is not what its signed checkpoint says"}
	}
	s.Checkpoints++
	return nil
}

// end finds what was cut off.
func (s *step) end() error {
	if s.Chain.Seq < s.Head.Seq {
		return &BrokenChain{s.Chain.Seq + 1, "is missing: the audit log is said to go on"}
	}
	for _, c := range s.left {
		if !c.Lost {
			return &BrokenChain{s.Chain.Seq + 1, "is missing: a signed checkpoint speaks of later events"}
		}
	}
	return nil
}
