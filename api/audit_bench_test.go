package api

import (
	"testing"

	"satchel/tenancy"
)

// BenchmarkReading compares a download that leaves a row with one of the same
// bytes that leaves none, since the audit log knows of it: what is between them is
// what a row costs, less the look for the earlier one.
func BenchmarkReading(b *testing.B) {
	e := setup(b)
	owner := e.person(e.organization(), tenancy.Owner)
	f := owner.published("a.txt", lorem)
	b.Run("recorded", func(b *testing.B) {
		for b.Loop() {
			owner.call(get, at(f.ID, "/content"), nil).is(200)
		}
	})
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			owner.call(get, at(f.ID, "/content"), nil, "Range", "bytes=0-").is(206)
		}
	})
	b.Run("not recorded", func(b *testing.B) {
		for b.Loop() {
			owner.call(head, at(f.ID, "/content"), nil).is(200)
		}
	})
}
