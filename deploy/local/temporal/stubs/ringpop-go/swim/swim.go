// Package swim has the state that the nodes of a ring exchange. The local server exchanges none.
package swim

import (
	"errors"
	"time"
)

var errStub = errors.New("cluster membership by ringpop is not available in the local server")

// BootstrapOptions configure how a node joins.
type BootstrapOptions struct {
	ParallelismFactor, JoinSize int
	MaxJoinDuration             time.Duration
	DiscoverProvider            any
}

// Member is a node.
type Member struct {
	Address string
	Labels  map[string]string
}

// Label finds none.
func (Member) Label(string) (value string, has bool) { return "", false }

// MemberPredicate selects members.
type MemberPredicate func(Member) bool

// MemberWithLabelAndValue selects none.
func MemberWithLabelAndValue(string, string) MemberPredicate {
	return func(Member) bool { return false }
}

// NodeLabels are the labels of this node.
type NodeLabels struct{}

// Set returns an error.
func (*NodeLabels) Set(string, string) error { return errStub }

// Get finds none.
func (*NodeLabels) Get(string) (value string, has bool) { return "", false }

// Remove returns an error.
func (*NodeLabels) Remove(string) (removed bool, err error) { return false, errStub }
