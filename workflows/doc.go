// Package workflows holds one package for each process of the platform: the
// order of its steps, their timeouts, waits and compensation, and nothing else.
package workflows
