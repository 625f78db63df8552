package generate

import (
	"archive/zip"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Version is a version of the OneRoster CSV binding.
type Version string

// The versions that are written.
const (
	V11 Version = "1.1"
	V12 Version = "1.2"
)

// Write writes the district as a package of bulk files.
func (d *District) Write(w io.Writer, v Version) error {
	z := zip.NewWriter(w)
	for _, f := range []struct {
		name string
		rows func(Version, func(...string))
	}{
		{"manifest", manifest}, {"orgs", d.orgs}, {"academicSessions", d.sessions}, {"courses", d.courses}, {"classes", d.classes},
		{"users", d.users}, {"roles", d.roles}, {"demographics", d.demographics}, {"enrollments", d.enrollments},
	} {
		if f.name == "roles" && v == V11 {
			continue
		}
		if err := writeFile(z, f.name+".csv", func(row func(...string)) { f.rows(v, row) }); err != nil {
			return fmt.Errorf("write %s: %w", f.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("end package: %w", err)
	}
	return nil
}

// writeFile writes one file. The time of every entry is fixed, so that a district
// always gives the same bytes.
func writeFile(z *zip.Writer, name string, rows func(func(...string))) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		return err
	}
	c := csv.NewWriter(w)
	rows(func(fields ...string) { _ = c.Write(fields) }) // the writer keeps the first error
	c.Flush()
	return c.Error()
}

func manifest(v Version, row func(...string)) {
	row("propertyName", "value")
	row("manifest.version", "1.0")
	row("oneroster.version", string(v))
	names := map[string]string{"academicSessions": "bulk", "classes": "bulk", "courses": "bulk", "demographics": "bulk", "enrollments": "bulk",
		"orgs": "bulk", "users": "bulk", "categories": "absent", "classResources": "absent", "courseResources": "absent",
		"lineItems": "absent", "resources": "absent", "results": "absent"}
	order := []string{"academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics",
		"enrollments", "lineItems", "orgs", "resources", "results", "users"}
	if v == V12 {
		names["roles"] = "bulk"
		order = append(order, "roles")
	}
	for _, n := range order {
		row("file."+n, names[n])
	}
	row("source.systemName", "Synthetic")
	row("source.systemCode", "synthetic")
}

const district = "district"

func (d *District) orgs(_ Version, row func(...string)) {
	row("sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId")
	row(district, "", "", "Synthetic District", "district", "", "")
	for _, s := range d.Schools {
		row(s.ID, "", "", s.Name, "school", "", district)
	}
}

func (d *District) sessions(_ Version, row func(...string)) {
	row("sourcedId", "status", "dateLastModified", "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear")
	for _, t := range d.Terms {
		row(t.ID, "", "", t.Title, "term", t.Starts.Format(time.DateOnly), t.Ends.Format(time.DateOnly), "", "2027")
	}
}

func (d *District) courses(_ Version, row func(...string)) {
	row("sourcedId", "status", "dateLastModified", "schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes")
	for _, s := range subjects {
		row("course-"+s, "", "", "", s, "", "", district, "", "")
	}
}

func (d *District) classes(_ Version, row func(...string)) {
	row("sourcedId", "status", "dateLastModified", "title", "grades", "courseSourcedId", "classCode", "classType", "location",
		"schoolSourcedId", "termSourcedIds", "subjects", "subjectCodes", "periods")
	for _, c := range d.Classes {
		subject, _, _ := strings.Cut(c.Title, " ")
		row(c.ID, "", "", c.Title, "", "course-"+subject, c.ID, "scheduled", "", c.School, c.Term, "", "", "")
	}
}

func (d *District) users(v Version, row func(...string)) {
	if v == V11 {
		row("sourcedId", "status", "dateLastModified", "enabledUser", "orgSourcedIds", "role", "username", "userIds", "givenName", "familyName",
			"middleName", "identifier", "email", "sms", "phone", "agentSourcedIds", "grades", "password")
		for _, p := range d.People {
			row(p.ID, "", "", "true", p.School, p.Role, p.Username, "{sis:"+p.ID+"}", p.Given, p.Family, "", p.ID, p.Email, "", "",
				strings.Join(p.Agents, ","), p.Grade, "")
		}
		return
	}
	row("sourcedId", "status", "dateLastModified", "enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier",
		"email", "sms", "phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier", "preferredGivenName", "preferredMiddleName",
		"preferredFamilyName", "primaryOrgSourcedId", "pronouns")
	for _, p := range d.People {
		row(p.ID, "", "", "true", p.Username, "{sis:"+p.ID+"}", p.Given, p.Family, "", p.ID, p.Email, "", "",
			strings.Join(p.Agents, ","), p.Grade, "", "", "", "", "", p.School, "")
	}
}

func (d *District) roles(_ Version, row func(...string)) {
	row("sourcedId", "status", "dateLastModified", "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId")
	for _, p := range d.People {
		row("r-"+p.ID, "", "", p.ID, "primary", p.Role, "", "", p.School, "")
		if p.Parent {
			row("q-"+p.ID, "", "", p.ID, "secondary", "parent", "", "", p.School, "")
		}
	}
}

func (d *District) demographics(_ Version, row func(...string)) {
	row("sourcedId", "status", "dateLastModified", "birthDate", "sex")
	for _, p := range d.People {
		if p.Role == Student {
			row(p.ID, "", "", p.Birth.Format(time.DateOnly), "unspecified")
		}
	}
}

func (d *District) enrollments(_ Version, row func(...string)) {
	row("sourcedId", "status", "dateLastModified", "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate")
	school := make(map[string]string, len(d.Classes))
	for _, c := range d.Classes {
		school[c.ID] = c.School
	}
	for _, e := range d.Enrollments {
		row(e.ID, "", "", e.Class, school[e.Class], e.User, e.Role, strconv.FormatBool(e.Primary), "", "")
	}
}
