package satchel_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The programs of the release before run while a migration does, and after it until the last of them is
// replaced. So a migration adds (expand); what is not used any more goes a release later (contract), in a
// file that says so in its first line: "-- contract: since <release> no program uses …".

// lintedFrom is the first migration that is held to that. Those before it are of the time before the first
// release: no installation had programs of another release beside them.
const lintedFrom = 54

// lastListed is the last of those before it that beforeRelease has to name.
const lastListed = 47

// beforeRelease are the earlier ones that would be refused, with what they do. They show what the rules find.
var beforeRelease = map[int]string{
	2:  "splits logins from users and drops the old columns",
	3:  "puts every file into a space",
	4:  "widens a list of values",
	7:  "keys of names as a stored column",
	8:  "indexes of rosters",
	10: "marks replaced versions",
	12: "an index of previews",
	13: "puts the share into the keys of links",
	15: "an index of accesses",
	16: "numbers events, and makes the number their key",
	17: "sought names as a stored column",
	18: "an index of events",
	19: "fills the new columns of operations, and makes their indexes",
	20: "indexes of notifications",
	21: "a unique slot of accesses",
	26: "an index of accesses",
	28: "indexes of operations",
	33: "gives files of children their basis",
	37: "ties holds and exports to requests",
	40: "fills the shown size and type of files",
	42: "fills the basis of shares",
	45: "checks the categories of record classes",
	46: "ties holds and shares to amendments and consents",
}

// badStatements are what a migration must not hold while others use the tables, and why.
var badStatements = []struct {
	why     string
	pattern *regexp.Regexp
}{
	{"the release before still uses it: drop it a release later, in a file whose first line begins with \"-- contract:\"", regexp.MustCompile(`\bdrop (table|view|function|type|schema|column)\b|\bdrop column\b`)},
	{"the release before knows the old name: add, copy, and drop later", regexp.MustCompile(`\brename (to|column|constraint)\b|\brename \w+ to\b`)},
	{"it writes the whole table again under a lock: add another column, fill it in batches, switch", regexp.MustCompile(`\balter column \w+ (set data )?type\b`)},
	{"it reads the whole table under a lock: add a check as not valid, validate it, then set not null", regexp.MustCompile(`\balter column \w+ set not null\b`)},
	{"the release before inserts without it: give it a default", regexp.MustCompile(`\badd column (if not exists )?\w+ [^,;]*\bnot null\b`)},
	{"it writes the whole table again: a default that is not constant, or a stored column", regexp.MustCompile(`\badd column [^,;]*(default (gen_random_uuid|clock_timestamp|random|nextval)|\bserial\b|\bbigserial\b|generated (always|by default) as)`)},
	{"it reads the whole table under a lock: add it as not valid, and validate it in a later file", regexp.MustCompile(`\badd constraint \w+ (check|foreign key)\b`)},
	{"it makes an index under a lock: make it concurrently, and add the constraint using index", regexp.MustCompile(`\badd constraint \w+ (unique|primary key)\b|\badd (unique|primary key)\b`)},
	{"it writes rows in one transaction, and holds their locks to its end: fill in batches by a sweep", regexp.MustCompile(`^(update|delete from|insert into \w+ [^;]*\bselect\b)`)},
	{"it locks out everybody", regexp.MustCompile(`^(lock|cluster|vacuum full|truncate)\b|\bset (un)?logged\b`)},
}

// exempt say why a match is none.
var (
	hasDefault = regexp.MustCompile(`\bdefault\b`)
	isNotValid = regexp.MustCompile(`\bnot valid\b`)
	usingIndex = regexp.MustCompile(`\busing index\b`)
	createdIn  = regexp.MustCompile(`\bcreate table (?:if not exists )?(\w+)`)
	ofTable    = regexp.MustCompile(`^(?:alter table|update|delete from|insert into|truncate|lock table|lock) (?:if exists )?(?:only )?(\w+)`)
	indexOn    = regexp.MustCompile(`^create (?:unique )?index (concurrently )?(?:if not exists )?\w* ?on (\w+)`)
	contract   = regexp.MustCompile(`(?i)^-- contract: since \S+ `)
)

// small are tables of a few rows that no request writes.
var small = map[string]bool{"tiers": true}

var (
	comments = regexp.MustCompile(`--[^\n]*`)
	bodies   = regexp.MustCompile(`(?s)\$(\w*)\$.*?\$\w*\$`)
	quoted   = regexp.MustCompile(`'(?:[^']|'')*'`)
	spaces   = regexp.MustCompile(`\s+`)
)

// statementsOf cuts a file into statements without comments, texts and bodies of functions.
func statementsOf(sql string) (found []string) {
	sql = bodies.ReplaceAllString(quoted.ReplaceAllString(comments.ReplaceAllString(sql, ""), "''"), "''")
	for s := range strings.SplitSeq(strings.ToLower(sql), ";") {
		if s = strings.TrimSpace(spaces.ReplaceAllString(s, " ")); s != "" {
			found = append(found, s)
		}
	}
	return found
}

// faultsOf gives what is wrong with a migration.
func faultsOf(sql string) (faults []string) {
	statements, own := statementsOf(sql), map[string]bool{}
	for _, s := range statements {
		for _, m := range createdIn.FindAllStringSubmatch(s, -1) {
			own[m[1]] = true // no one uses it yet
		}
	}
	for _, s := range statements {
		if m := ofTable.FindStringSubmatch(s); m != nil && own[m[1]] {
			continue
		}
		if m := indexOn.FindStringSubmatch(s); m != nil && !own[m[2]] {
			switch {
			case m[1] == "":
				faults = append(faults, "it locks out writers while the index is made, use create index concurrently in a file of its own: "+s)
			case len(statements) > 1:
				faults = append(faults, "an index is made concurrently in a file of its own, outside of a transaction: "+s)
			}
		}
		if m := ofTable.FindStringSubmatch(s); m != nil && small[m[1]] && strings.HasPrefix(s, "update") {
			continue
		}
		for _, b := range badStatements {
			for _, at := range b.pattern.FindAllStringIndex(s, -1) {
				part := s[at[0]:] // the clause, up to the next one
				if end := strings.Index(part, ", add "); end > 0 {
					part = part[:end]
				}
				switch {
				case strings.HasPrefix(b.why, "the release before inserts") && hasDefault.MatchString(part),
					strings.Contains(b.why, "as not valid, and validate") && isNotValid.MatchString(part),
					strings.Contains(b.why, "using index") && usingIndex.MatchString(part),
					strings.Contains(b.why, "-- contract:") && contract.MatchString(sql):
					continue
				}
				faults = append(faults, b.why+": "+part[:min(len(part), 90)])
			}
		}
	}
	return faults
}

// TestMigrationsExpand: a migration can be applied while the programs of the release before run.
func TestMigrationsExpand(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.up.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	listed := maps.Clone(beforeRelease)
	for _, file := range files {
		number, err := strconv.Atoi(filepath.Base(file)[:6])
		require.NoError(t, err)
		sql, err := os.ReadFile(file)
		require.NoError(t, err)
		faults := faultsOf(string(sql))
		if number >= lintedFrom {
			assert.Empty(t, faults, file)
			continue
		}
		if len(faults) > 0 {
			assert.True(t, number > lastListed || beforeRelease[number] != "", "%s is not in beforeRelease: %v", file, faults)
			delete(listed, number)
		}
	}
	require.Empty(t, slices.Sorted(maps.Keys(listed)), "nothing is found in these any more: take them out of beforeRelease")
}

// TestMigrationRules shows what each rule refuses and takes.
func TestMigrationRules(t *testing.T) {
	t.Parallel()
	for sql, bad := range map[string]string{
		"alter table files drop column size": "-- contract",
		"drop view listed_files":             "-- contract",
		"-- contract: since 1.4.0 nothing reads it\nalter table files drop column size":  "",
		"alter table files rename column a to b":                                         "old name",
		"alter table files rename to documents":                                          "old name",
		"alter table files alter column size type numeric":                               "whole table again",
		"alter table files alter column size set not null":                               "set not null",
		"alter table files add column a text not null":                                   "give it a default",
		"alter table files add column a text not null default ''":                        "",
		"alter table files add column a text, add column b int not null":                 "give it a default",
		"alter table files add column a uuid default gen_random_uuid()":                  "not constant",
		"alter table files add column a text generated always as (lower(name)) stored":   "stored column",
		"alter table files add constraint c check (size > 0)":                            "not valid",
		"alter table files add constraint c check (size > 0) not valid":                  "",
		"alter table files validate constraint c":                                        "",
		"alter table files drop constraint c":                                            "",
		"alter table files add constraint u unique (a)":                                  "using index",
		"alter table files add constraint u unique using index files_u":                  "",
		"update files set size = 0":                                                      "in batches",
		"insert into a select * from files":                                              "in batches",
		"insert into tiers values ('x')":                                                 "",
		"create index files_by_x on files (x)":                                           "concurrently",
		"create index concurrently files_by_x on files (x)":                              "",
		"create index concurrently files_by_x on files (x); select 1":                    "file of its own",
		"create table a (id int); create index on a (id); alter table a add unique (id)": "",
		"lock table files": "locks out",
		"truncate files":   "locks out",
		"comment on table files is 'drop table x; update y'; -- drop column z":              "",
		"create function f() returns void language sql as $$ update files set size = 0; $$": "",
	} {
		faults := strings.Join(faultsOf(sql), "\n")
		if bad == "" {
			assert.Empty(t, faults, sql)
		} else {
			assert.Contains(t, faults, bad, sql)
		}
	}
}
