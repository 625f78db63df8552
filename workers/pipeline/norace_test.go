//go:build !race

package pipeline_test

// raceDetector says that the race detector slows the test down.
const raceDetector = false
