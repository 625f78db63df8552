// Package rest says that no cluster can be reached from here.
package rest

import "errors"

// ErrWithout is what everything here answers.
var ErrWithout = errors.New("this server is built without Kubernetes; see deploy/local/temporal/stubs")

// Config would name a cluster.
type Config struct{}

// InClusterConfig refuses.
func InClusterConfig() (*Config, error) { return nil, ErrWithout }
