package compliance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"satchel/policies/compliance/compliancedb"
	"satchel/tenancy"
)

// Category is what kind of data a table holds of people.
type Category string

// The categories.
const (
	Identity   Category = "identity"   // names, identifiers, classes
	Contact    Category = "contact"    // addresses, most of them sealed or hashed
	Content    Category = "content"    // what people send, and what is made of it
	Records    Category = "records"    // what is decided about education records and consent
	Findings   Category = "findings"   // what was found in files, without the value
	Activity   Category = "activity"   // who did what, and when
	Credential Category = "credential" // hashes and sealed secrets
	Settings   Category = "settings"   // what an organization decided
	Technical  Category = "technical"  // state of processes, counts
)

// Categories lists them.
var Categories = []Category{Identity, Contact, Content, Records, Findings, Activity, Credential, Settings, Technical}

// Holding is a table of the live schema and what it holds of people.
type Holding struct {
	Table    string
	Category Category
	Purpose  string
	Kept     string
	Columns  []Column // those with personal data
}

// Column is one with personal data: as a value, or as the id of a person, by which a program
// finds them and a reader does not.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
	ID   bool   `json:"person_id"`
}

// Store is a place outside of the tables.
type Store struct {
	Name, Holds, Kept string
}

// Stores are the places outside of the tables of the database.
var Stores = []Store{
	{"object store, staging", "bytes of uploads until they are published or refused, encrypted", "until the version has ended; abandoned uploads end by their own time"},
	{"object store, clean", "published versions, previews and other pictures made of them, encrypted with a key for each version", "as long as the version"},
	{"object store, exports", "copies that were asked for: exports and packages of records, encrypted", "until the export has expired"},
	{"object store, keys", "data keys of versions, wrapped with a key of the organization", "as long as the version; backups of this bucket for at most 7 days"},
	{"Temporal", "ids of rows, encrypted with a key of the organization", "as long as the namespace keeps histories"},
	{"mail server", "mails to members, parents and people outside", "as the operator's mail server says"},
	{"logs and metrics", "ids of rows and requests; no names, addresses, file names or text", "as the operator says"},
}

// Inventory reads the live schema. A table that the registry does not know is an error: what it
// holds would be missing from what parents and schools are told.
func Inventory(ctx context.Context, q tenancy.Queries) ([]Holding, error) {
	rows, err := compliancedb.New(q).SchemaList(ctx)
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	known, holdings := registry(), []Holding{}
	for _, r := range rows {
		if n := len(holdings); n == 0 || holdings[n-1].Table != r.TableName {
			k, there := known[r.TableName]
			if !there {
				return nil, fmt.Errorf("table %s is not in the data inventory: say in policies/compliance/registry.go what it holds", r.TableName)
			}
			holdings = append(holdings, Holding{Table: r.TableName, Category: k.category, Purpose: k.purpose, Kept: k.kept, Columns: []Column{}})
		}
		h := &holdings[len(holdings)-1]
		if r.Person || slices.Contains(known[r.TableName].columns, r.ColumnName) {
			h.Columns = append(h.Columns, Column{Name: r.ColumnName, Type: r.Type, ID: r.Person})
		}
	}
	return holdings, nil
}

// Purposes says what is kept of people and what for, in a sentence for each kind of table with
// personal data that the live schema has.
func Purposes(ctx context.Context, q tenancy.Queries) ([]string, error) {
	holdings, err := Inventory(ctx, q)
	if err != nil {
		return nil, err
	}
	said := []string{}
	for _, g := range groups {
		told := string(g.category) + ": " + g.purpose + "; kept " + g.kept
		if slices.ContainsFunc(holdings, func(h Holding) bool {
			return h.Purpose == g.purpose && len(h.Columns) > 0
		}) {
			said = append(said, told)
		}
	}
	return said, nil
}

// WhomToAsk is the contact that parents have; empty where no agreement in force says so.
func WhomToAsk(ctx context.Context, q tenancy.Queries) (string, error) {
	c, err := compliancedb.New(q).ContactGet(ctx)
	if err != nil {
		return "", fmt.Errorf("read contact: %w", err)
	}
	return c, nil
}

// holds is what the registry says of a table.
type holds struct {
	category      Category
	purpose, kept string
	columns       []string
}

// registry gives the tables by name; the entries are in registry.go.
func registry() map[string]holds {
	all := map[string]holds{}
	for _, g := range groups {
		for _, line := range strings.Split(strings.TrimSpace(g.tables), "\n") {
			words := strings.Fields(line)
			all[strings.TrimSuffix(words[0], ":")] = holds{g.category, g.purpose, g.kept, words[1:]}
		}
	}
	return all
}

// Element is a line of exhibit B of the National Data Privacy Agreement (schedule of data).
type Element struct {
	Category  string   `json:"category"`
	Element   string   `json:"element"`
	Collected bool     `json:"collected"`
	Tables    []string `json:"tables"`
	Note      string   `json:"note"`
}

// ExhibitB fills the schedule of data from the tables that the live schema has. What people write
// into files is student work: the platform does not know what is in it but for what its
// detectors find.
func ExhibitB(holdings []Holding) []Element {
	there := map[string]bool{}
	for _, h := range holdings {
		there[h.Table] = true
	}
	all := make([]Element, len(schedule))
	for i, e := range schedule {
		all[i] = Element{Category: e.category, Element: e.element, Tables: []string{}, Note: e.note}
		for _, t := range e.tables {
			if there[t] {
				all[i].Tables, all[i].Collected = append(all[i].Tables, t), true
			}
		}
	}
	return all
}
