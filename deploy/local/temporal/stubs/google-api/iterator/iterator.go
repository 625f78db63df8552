// Package iterator replaces the iteration of Google's APIs. No list of Google Cloud Storage is available in the local
// server, so Done never occurs.
package iterator

import "errors"

// Done marks the end of a list.
var Done = errors.New("no more items")
