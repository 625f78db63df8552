// Package pii finds personal data in text that was extracted from a file.
//
// A text passes once, in windows of bounded size. It is normalised first (width, accents,
// invisible characters, look-alikes), with a map back, so that every place is a place of
// the text as it was given. Recognizers then propose findings with a score: a shape has a
// base score, a checksum that agrees raises it, one that disagrees drops the proposal, and
// a word of context (before it, shortly after it, or in the head of its column) adds 0.35.
//
// A finding never holds the value. It has a place, a masked tail and an HMAC under the
// caller's key, by which the caller knows the same value again.
//
// Patterns of an organization are RE2 and are applied to single tokens of at most 64 bytes;
// no expression runs over the text. So time grows with the length of the text alone, and
// memory does not grow with it. BenchmarkScan on one core of a shared machine of two: 63 MB/s
// of licenses, 17 to 26 MB/s of generated school texts with a number in every second
// sentence, and 4 MB/s at least of texts that are made to be slow. A detector with a roster
// of 100,000 people takes 80 MiB.
package pii

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// Version names the detectors. It changes with everything that changes what they find, so
// that texts which an older version read are read again.
const Version = "2026-11-30.2"

// Category says what kind of data a finding is.
type Category string

// The categories.
const (
	SSN         Category = "us_ssn"
	ITIN        Category = "us_itin"
	Card        Category = "payment_card"
	IBAN        Category = "iban"
	BankAccount Category = "bank_account"
	Routing     Category = "us_bank_routing"
	Phone       Category = "phone"
	Email       Category = "email"
	IP          Category = "ip_address"
	Address     Category = "us_address"
	BirthDate   Category = "date_of_birth"
	Passport    Category = "passport"
	License     Category = "driver_license"
	MBI         Category = "us_mbi"
	NHS         Category = "uk_nhs"
	MedicalID   Category = "medical_record"
	StudentID   Category = "student_id"
	RosterName  Category = "roster_name"
	RosterEmail Category = "roster_email"
	SpecialEd   Category = "special_education"
	Health      Category = "health"
	Discipline  Category = "discipline"
	LunchStatus Category = "lunch_status"
	Location    Category = "location" // where a picture was taken, as its camera noted
)

// Categories lists every category. Of two proposals for one place with the same score the
// one that comes first here is kept.
var Categories = []Category{
	RosterEmail, RosterName, StudentID, SSN, ITIN, Card, IBAN, Routing, MBI, NHS, MedicalID, Email, IP, Phone,
	BirthDate, Passport, License, BankAccount, Address, SpecialEd, Health, Discipline, LunchStatus, Location,
}

// Answer is what is known about a text. There is no "probably".
type Answer string

// The answers.
const (
	True    Answer = "true"
	False   Answer = "false"
	Unknown Answer = "unknown" // something could not be read, and nothing was found in the rest
)

// Finding is a place in the text that looks like personal data.
type Finding struct {
	Category   Category
	Start, End int64 // bytes of the text as it was given
	Line       int   // from 1
	Score      float64
	Reasons    []string
	Masked     string   // at most the last four characters, and never the whole value
	HMAC       [32]byte // of category and value, under the caller's key
	Person     string   // the caller's id of the person of the roster, else empty
}

// Result is what the detectors know of one text.
type Result struct {
	Version       string
	Findings      []Finding
	Capped        []Category // more of these were there than are kept
	Uninspectable []string   // why something could not be read
}

// Why something could not be read.
const (
	TooLong = "too_long"
	NotText = "not_text"
	Broken  = "read_failed"
)

// Uninspectable is the result of content that could not be read at all.
func Uninspectable(reason string) Result {
	return Result{Version: Version, Uninspectable: []string{reason}}
}

// Contains says whether there is personal data in the text. A text that could not be read
// whole is never answered with False.
func (r Result) Contains() Answer {
	switch {
	case len(r.Findings) > 0:
		return True
	case len(r.Uninspectable) > 0 || r.Version == "":
		return Unknown
	}
	return False
}

// Person is somebody of an organization's roster. ID is the caller's; it is repeated in
// findings and should say nothing by itself.
type Person struct {
	ID            string
	Given, Family string
}

// Pattern is the form of an organization's student ids, in RE2. It is compared with whole
// tokens, which are letters, digits and -_/. between them. Plain digits that other numbers
// share are Weak: they count only beside words such as "student id".
type Pattern struct {
	Expression string
	Weak       bool
}

// Options say what is looked for. Key is required.
type Options struct {
	Key        []byte                        // of the HMACs; at least 16 bytes
	Least      float64                       // findings with a lower score are left out; 0 means DefaultLeast
	MostBytes  int64                         // of a text that are read; 0 means DefaultMostBytes
	MostEach   int                           // findings that are kept of a category; 0 means DefaultMostEach
	People     []Person                      // at most MostPeople
	Emails     map[[32]byte]string           // hash, by HashEmail, of an address of the roster → person's id
	HashEmail  func(address string) [32]byte // nil: Hash with the category RosterEmail
	StudentIDs []Pattern
	Only       []Category // that are looked for; nil: all. Of one place the likeliest category is found otherwise
}

// Bounds.
const (
	DefaultLeast     = 0.4
	DefaultMostBytes = 256 << 20
	DefaultMostEach  = 1000
	MostPeople       = 100_000 // some 80 MiB

	mostPatterns   = 16
	mostExpression = 200  // bytes of an expression
	mostProgram    = 2000 // instructions of an expression
	mostToken      = 64
)

// Detector finds personal data. It keeps nothing of a text and may be used at once by many.
type Detector struct {
	options  Options
	phrases  *automaton
	names    *automaton // nil without a roster
	nameOf   []name
	patterns []pattern
}

type pattern struct {
	expression *regexp.Regexp
	weak       bool
}

// ErrOptions says that the options cannot be used.
var ErrOptions = errors.New("detector options")

// New makes a detector. It refuses a pattern that is too large, does not compile or matches
// the empty text.
func New(o Options) (*Detector, error) {
	if len(o.Key) < 16 {
		return nil, fmt.Errorf("%w: the key has less than 16 bytes", ErrOptions)
	}
	if len(o.People) > MostPeople {
		return nil, fmt.Errorf("%w: more than %d people", ErrOptions, MostPeople)
	}
	if len(o.StudentIDs) > mostPatterns {
		return nil, fmt.Errorf("%w: more than %d patterns of student ids", ErrOptions, mostPatterns)
	}
	if o.Least == 0 {
		o.Least = DefaultLeast
	}
	if o.MostBytes == 0 {
		o.MostBytes = DefaultMostBytes
	}
	if o.MostEach == 0 {
		o.MostEach = DefaultMostEach
	}
	o.Key, o.Emails = slices.Clone(o.Key), maps.Clone(o.Emails)
	d := &Detector{options: o, phrases: phraseAutomaton()}
	d.names, d.nameOf = rosterAutomaton(o.People)
	for _, p := range o.StudentIDs {
		compiled, err := compile(p.Expression)
		if err != nil {
			return nil, err
		}
		d.patterns = append(d.patterns, pattern{compiled, p.Weak})
	}
	d.options.People, d.options.StudentIDs = nil, nil
	return d, nil
}

func compile(expression string) (*regexp.Regexp, error) {
	if expression == "" || len(expression) > mostExpression {
		return nil, fmt.Errorf("%w: a pattern has 1 to %d bytes", ErrOptions, mostExpression)
	}
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("%w: pattern: %w", ErrOptions, err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, fmt.Errorf("%w: pattern: %w", ErrOptions, err)
	}
	if len(program.Inst) > mostProgram {
		return nil, fmt.Errorf("%w: the pattern repeats too much", ErrOptions)
	}
	compiled, err := regexp.Compile(`^(?:` + expression + `)$`)
	if err != nil {
		return nil, fmt.Errorf("%w: pattern: %w", ErrOptions, err)
	}
	if compiled.MatchString("") {
		return nil, fmt.Errorf("%w: the pattern matches an empty text", ErrOptions)
	}
	return compiled, nil
}

// Hash is the HMAC of a value, as findings have it: of an address of the roster, for
// Options.Emails, with the category RosterEmail.
func Hash(key []byte, c Category, value string) [32]byte {
	return digest(key, c, fold(value))
}

// Noted is the finding of a value that something else than a text tells, such as the place
// in a picture.
func (d *Detector) Noted(c Category, value, reason string) Finding {
	return Finding{Category: c, Score: 1, Reasons: []string{reason}, Masked: "…", HMAC: digest(d.options.Key, c, fold(value))}
}

// digest is the HMAC of a value that is folded already.
func digest(key []byte, c Category, folded string) [32]byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(c))
	mac.Write([]byte{0})
	mac.Write([]byte(folded))
	var sum [32]byte
	mac.Sum(sum[:0])
	return sum
}

// TakesPlainDigits says whether a pattern of student ids takes a token of digits alone.
func (d *Detector) TakesPlainDigits() bool {
	for size := 1; size <= mostToken; size++ {
		for _, digit := range "0123456789" {
			token := strings.Repeat(string(digit), size)
			for _, p := range d.patterns {
				if p.expression.MatchString(token) {
					return true
				}
			}
		}
	}
	return false
}
