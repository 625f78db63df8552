// Package uritemplates replaces the construction of Elasticsearch's addresses. The local server does not use
// Elasticsearch; Expand returns an error.
package uritemplates

import "errors"

// Expand returns an error.
func Expand(string, map[string]string) (string, error) {
	return "", errors.New("Elasticsearch is not available in the local server")
}
