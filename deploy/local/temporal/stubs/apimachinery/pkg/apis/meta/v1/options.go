// Package v1 has the options of the calls that k8s.io/client-go refuses here.
package v1

// GetOptions are of a reading call.
type GetOptions struct{}

// UpdateOptions are of a changing call.
type UpdateOptions struct{}
