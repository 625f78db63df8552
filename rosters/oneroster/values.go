package oneroster

import (
	"compress/flate"
	"errors"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// damaged knows the errors of a compressed stream that is broken.
func damaged(err error) bool {
	var corrupt flate.CorruptInputError
	var internal flate.InternalError
	return errors.As(err, &corrupt) || errors.As(err, &internal)
}

// Bounds of what is kept, which are those of the database.
const (
	mostID    = 255
	mostName  = 200
	mostCode  = 100
	mostGrade = 50
	mostList  = 100
)

var usualID = regexp.MustCompile(`^[0-9A-Za-z./@_-]{1,255}$`)

// row is one row that is being read: the first thing that is wrong refuses it.
type row struct {
	t       *table
	line    []string
	refused Code
}

func (r *row) get(name string) string { return r.t.get(r.line, name) }

func (r *row) warn(code Code, column string) {
	r.t.p.Warnings.Add(code, r.t.file, r.t.row, column)
}

func (r *row) refuse(code Code, column string) {
	if r.refused == "" {
		r.refused = code
	}
	r.warn(code, column)
}

// id reads an identifier. Printable characters beyond those of the binding are
// taken as they are, because systems use them and they are compared as bytes.
func (r *row) id(column string, required bool) string {
	v := r.get(column)
	switch {
	case v == "" && required:
		r.refuse(ValueMissing, column)
	case v == "" || usualID.MatchString(v):
	case utf8.RuneCountInString(v) > mostID || strings.ContainsFunc(v, func(c rune) bool { return !unicode.IsPrint(c) }):
		r.refuse(ValueInvalid, column)
		return ""
	default:
		r.warn(IdentifierUnusual, column)
	}
	return v
}

// list reads identifiers that are divided by commas.
func (r *row) list(column string, required bool) (ids []string) {
	for v := range strings.SplitSeq(r.get(column), ",") {
		v = strings.TrimSpace(v)
		if v == "" || utf8.RuneCountInString(v) > mostID {
			continue
		}
		if len(ids) == mostList {
			r.warn(ValueShortened, column)
			break
		}
		ids = append(ids, clean(v))
	}
	if len(ids) == 0 && required {
		r.refuse(ValueMissing, column)
	}
	return ids
}

// text reads what people read: in the composed form, without control characters
// and not longer than most.
func (r *row) text(column string, most int, required bool) string {
	v := r.get(column)
	if v == "" && required {
		r.refuse(ValueMissing, column)
	}
	c := clean(v)
	if c != v && c != norm.NFC.String(v) {
		r.warn(ControlCharacter, column)
	}
	if required && c == "" && v != "" {
		r.refuse(ValueInvalid, column)
	}
	if utf8.RuneCountInString(c) > most {
		r.warn(ValueShortened, column)
		c = shorten(c, most)
	}
	return c
}

func shorten(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most]))
}

// clean takes out what is not shown and can change how the rest is shown: control
// characters and the marks of direction.
func clean(s string) string {
	return strings.TrimSpace(norm.NFC.String(strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Cc, c) || unicode.Is(unicode.Bidi_Control, c) {
			return -1
		}
		return c
	}, s)))
}

// day reads a date; a date with a time is its day.
func (r *row) day(column string, required bool) time.Time {
	v := r.get(column)
	if v == "" {
		if required {
			r.refuse(ValueMissing, column)
		}
		return time.Time{}
	}
	if day, err := time.Parse(time.DateOnly, v); err == nil {
		return day
	}
	if len(v) > len(time.DateOnly) && (v[len(time.DateOnly)] == 'T' || v[len(time.DateOnly)] == ' ') {
		if day, err := time.Parse(time.DateOnly, v[:len(time.DateOnly)]); err == nil {
			r.warn(DateWithTime, column)
			return day
		}
	}
	r.refuse(ValueInvalid, column)
	return time.Time{}
}

// flag reads true or false, in any case.
func (r *row) flag(column string, required bool) bool {
	v := r.get(column)
	switch lower := strings.ToLower(v); lower {
	case "true", "false":
		if lower != v {
			r.warn(ValueCase, column)
		}
		return lower == "true"
	case "":
		if required {
			r.refuse(ValueMissing, column)
		}
	default:
		r.refuse(ValueInvalid, column)
	}
	return false
}

// role reads a role and gives what it means here. An extension (ext:…) and a
// role without a meaning here are ignored.
func (r *row) role(column string, meanings map[string]string) string {
	v := r.get(column)
	lower := strings.ToLower(v)
	meaning, ok := meanings[lower]
	switch {
	case v == "":
		r.refuse(ValueMissing, column)
	case !ok && !strings.HasPrefix(lower, "ext:"):
		r.refuse(ValueInvalid, column)
	case !ok || meaning == "":
		r.warn(RoleIgnored, column)
	case lower != v && lower != strings.ToLower(v[:1])+v[1:] && !camel(v):
		r.warn(ValueCase, column)
	}
	return meaning
}

// camel knows the roles that the binding writes with a capital inside.
func camel(v string) bool {
	return v == "districtAdministrator" || v == "siteAdministrator" || v == "systemAdministrator"
}

// leaving reads the status.
func (r *row) leaving(mode Mode) bool {
	v := strings.ToLower(r.get("status"))
	if mode == Bulk && v != "" {
		r.warn(StatusInBulk, "status")
	}
	switch v {
	case "tobedeleted", "inactive":
		return true
	case "active":
		return false
	case "":
		if mode == Delta {
			r.warn(StatusMissing, "status")
		}
		return false
	}
	r.refuse(ValueInvalid, "status")
	return false
}
