package shares_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets the walk over shares be short: a step is several transactions.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "15"); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(m.Run())
}
