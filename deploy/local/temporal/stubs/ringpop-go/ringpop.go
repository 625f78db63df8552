// Package ringpop replaces the protocol by which the nodes of a cluster find each other. The local server is one
// process with fixed addresses (temporal.WithStaticHosts) and joins no ring; New returns an error.
package ringpop

import (
	"errors"

	"github.com/temporalio/ringpop-go/events"
	"github.com/temporalio/ringpop-go/swim"
	"github.com/temporalio/tchannel-go"
)

var errStub = errors.New("cluster membership by ringpop is not available in the local server")

// ErrEphemeralAddress says that a node does not know its own address.
var ErrEphemeralAddress = errStub

// Option configures a node.
type Option struct{}

// Channel has no effect.
func Channel(*tchannel.Channel) Option { return Option{} }

// AddressResolverFunc has no effect.
func AddressResolverFunc(func() (string, error)) Option { return Option{} }

// Ringpop is a node.
type Ringpop struct{}

// New returns an error.
func New(string, ...Option) (*Ringpop, error) { return nil, errStub }

// Bootstrap returns an error.
func (*Ringpop) Bootstrap(*swim.BootstrapOptions) ([]string, error) { return nil, errStub }

// Labels returns an error.
func (*Ringpop) Labels() (*swim.NodeLabels, error) { return nil, errStub }

// GetReachableMembers returns an error.
func (*Ringpop) GetReachableMembers() ([]string, error) { return nil, errStub }

// GetReachableMemberObjects returns an error.
func (*Ringpop) GetReachableMemberObjects(swim.MemberPredicate) ([]swim.Member, error) {
	return nil, errStub
}

// SelfEvict returns an error.
func (*Ringpop) SelfEvict() error { return errStub }

// Destroy does nothing.
func (*Ringpop) Destroy() {}

// AddListener adds none.
func (*Ringpop) AddListener(events.EventListener) bool { return false }

// RemoveListener removes none.
func (*Ringpop) RemoveListener(events.EventListener) bool { return false }
