// Package statichosts has the list of addresses that a node would join.
package statichosts

// HostList is such a list.
type HostList struct{}

// New returns an empty one.
func New(...string) *HostList { return &HostList{} }
