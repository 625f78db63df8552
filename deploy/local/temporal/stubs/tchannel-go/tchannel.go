// Package tchannel replaces the RPC protocol of ringpop, by which the nodes of a cluster find each other. It links
// Thrift and OpenTracing. The local server is one process with fixed addresses (temporal.WithStaticHosts) and opens no
// channel; NewChannel returns an error.
package tchannel

import (
	"context"
	"errors"
	"net"
)

var errStub = errors.New("cluster membership by ringpop is not available in the local server")

// Channel is a connection between nodes.
type Channel struct{}

// ChannelOptions configure one.
type ChannelOptions struct {
	Dialer func(ctx context.Context, network, address string) (net.Conn, error)
}

// LocalPeerInfo is the address of this node.
type LocalPeerInfo struct{ HostPort string }

// IsEphemeralHostPort reports that the address is not known.
func (LocalPeerInfo) IsEphemeralHostPort() bool { return true }

// NewChannel returns an error.
func NewChannel(string, *ChannelOptions) (*Channel, error) { return nil, errStub }

// Serve returns an error.
func (*Channel) Serve(net.Listener) error { return errStub }

// ListenAndServe returns an error.
func (*Channel) ListenAndServe(string) error { return errStub }

// PeerInfo returns no address.
func (*Channel) PeerInfo() LocalPeerInfo { return LocalPeerInfo{} }

// Close does nothing.
func (*Channel) Close() {}
