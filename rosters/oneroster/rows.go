package oneroster

import (
	"context"
	"errors"
	"io"
	"strings"
)

// Rows reads the file of a kind and gives every row to f, those that are refused
// too. A kind that is absent has no rows. What is wrong in the file as a whole is
// a *Stop; an error of f ends the reading.
func (p *Package) Rows(ctx context.Context, k Kind, f func(Record) error) error {
	if p.Modes[k] == Absent || p.Modes[k] == "" {
		return nil
	}
	t, err := p.table(FileOf[k], used(p.Version, k), known(p.Version, k))
	if err != nil {
		return err
	}
	defer t.close()
	for n := 0; ; n++ {
		line, err := t.next()
		var bad *badRow
		switch {
		case errors.Is(err, io.EOF):
			if n == 0 {
				p.Warnings.Add(NoRows, t.file, 0, "")
			}
			return nil
		case errors.As(err, &bad):
			p.Warnings.Add(bad.code, t.file, bad.row, "")
			err = f(t.mentioned(k, bad))
		case err == nil:
			err = f(p.record(k, &row{t: t, line: line}))
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// mentioned reads of a row that cannot be taken apart which one it is: what is
// mentioned does not count as omitted.
func (t *table) mentioned(k Kind, bad *badRow) Record {
	rec := Record{Kind: k, Row: bad.row, Refused: bad.code}
	if bad.fields != nil {
		at, ok := t.at["sourcedId"]
		if ok && at < len(bad.fields) && at <= 2 { // a shifted row still begins with it
			rec.SourcedID = shorten(clean(bad.fields[at]), mostID)
		}
	}
	return rec
}

// record reads one row.
func (p *Package) record(k Kind, r *row) Record {
	rec := Record{Kind: k, Row: r.t.row, SourcedID: r.id("sourcedId", true)}
	rec.Leaving = r.leaving(p.Modes[k])
	switch k {
	case Orgs:
		readOrg(r, &rec)
	case Sessions:
		readSession(r, &rec)
	case Classes:
		readClass(r, &rec)
	case Users:
		p.readUser(r, &rec)
	case Roles:
		readRole(r, &rec)
	case Demographics:
		rec.Birth = r.day("birthDate", false)
	case Enrollments:
		readEnrollment(r, &rec)
	}
	rec.Refused = r.refused
	if rec.Leaving && rec.SourcedID != "" && rec.Refused == ValueMissing {
		rec.Refused = "" // who leaves is named by the identifier alone
	}
	return rec
}

func readOrg(r *row, rec *Record) {
	rec.Title = r.text("name", mostName, true)
	rec.School = strings.EqualFold(r.get("type"), "school")
	rec.Parent = r.id("parentSourcedId", false)
	if r.get("type") == "" {
		r.refuse(ValueMissing, "type")
	}
}

func readSession(r *row, rec *Record) {
	rec.Title = r.text("title", mostName, true)
	rec.Starts = r.day("startDate", true)
	rec.Ends = r.day("endDate", true)
	if r.refused == "" && !rec.Starts.Before(rec.Ends) {
		r.refuse(ValueInvalid, "endDate")
	}
}

func readClass(r *row, rec *Record) {
	rec.Title = r.text("title", mostName, true)
	rec.Code = r.text("classCode", mostCode, false)
	rec.Org = r.id("schoolSourcedId", true)
	rec.Terms = r.list("termSourcedIds", true)
}

func (p *Package) readUser(r *row, rec *Record) {
	if !r.flag("enabledUser", true) && r.refused == "" {
		rec.Leaving = true
	}
	rec.Given = first(r.text("preferredGivenName", mostName, false), r.text("givenName", mostName, true))
	rec.Family = first(r.text("preferredFamilyName", mostName, false), r.text("familyName", mostName, true))
	rec.Name = shorten(strings.TrimSpace(rec.Given+" "+rec.Family), mostName)
	grades := r.list("grades", false)
	if len(grades) > 0 {
		rec.Grade = shorten(grades[0], mostGrade)
	}
	rec.Username = strings.ToLower(r.text("username", mostID, false))
	rec.Email = strings.ToLower(r.text("email", mostID, false))
	rec.Identifiers = identifiers(r.id("identifier", false), r.list("userIds", false))
	rec.Agents = r.list("agentSourcedIds", false)
	if p.Version == V11 {
		rec.Role = r.role("role", personOf)
		rec.RoleIgnored = rec.Role == ""
		if orgs := r.list("orgSourcedIds", true); len(orgs) > 0 {
			rec.Org = orgs[0]
		}
		return
	}
	rec.Org = r.id("primaryOrgSourcedId", false)
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// identifiers gives the values by which an issuer may name a person. userIds are
// written {type:id}.
func identifiers(identifier string, userIDs []string) (all []string) {
	if identifier != "" {
		all = append(all, identifier)
	}
	for _, v := range userIDs {
		v = strings.TrimSuffix(strings.TrimPrefix(v, "{"), "}")
		if _, id, ok := strings.Cut(v, ":"); ok && strings.TrimSpace(id) != "" {
			all = append(all, strings.TrimSpace(id))
		}
	}
	return all
}

func readRole(r *row, rec *Record) {
	rec.User = r.id("userSourcedId", true)
	rec.Org = r.id("orgSourcedId", true)
	rec.Role = r.role("role", personOf)
	rec.Starts = r.day("beginDate", false)
	rec.Ends = r.day("endDate", false)
	switch v := r.get("roleType"); {
	case v == "":
		r.refuse(ValueMissing, "roleType")
	case strings.EqualFold(v, "primary"):
		rec.Primary = true
	case !strings.EqualFold(v, "secondary"):
		r.refuse(ValueInvalid, "roleType")
	}
}

func readEnrollment(r *row, rec *Record) {
	rec.Class = r.id("classSourcedId", true)
	rec.User = r.id("userSourcedId", true)
	rec.Org = r.id("schoolSourcedId", false)
	rec.Role = r.role("role", memberOf)
	rec.Primary = r.flag("primary", false) && rec.Role == "teacher"
	rec.Starts = r.day("beginDate", false)
	rec.Ends = r.day("endDate", false)
}
