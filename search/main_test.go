package search_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain makes 20 worlds where the command does not say how many: one takes half a second.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(m.Run())
}
