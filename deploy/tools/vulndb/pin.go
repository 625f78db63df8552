// Package vulndb pins the version of the Go vulnerability database. The database is the folder data/osv of the module
// golang.org/x/vulndb, and make lint reads it from the module cache. `go get golang.org/x/vulndb@latest` in this
// folder updates it.
//
// The module has a go.mod file of its own because a change of it must not rebuild the tools of deploy/tools/check.
package vulndb

// The import keeps the module in go.mod. This package of the module imports no other package.
import _ "golang.org/x/vulndb/cmd/vulnreport/color"
