package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"satchel/client"
	"satchel/internal/devstack"
	"satchel/internal/devstack/samples"
)

// someone is a member of the demonstration's school: a role, not a person.
type someone struct {
	*client.Client
	name, id string
}

// school is a class with what happens in one.
type school struct {
	owner, teacher, parent someone
	admin, auditor         someone
	students               []someone
	class                  client.Class
	handIn                 client.Folder
}

// theirs are the states in which the demonstration leaves the students' work, in their
// order.
var theirs = []string{"in", "returned", "late", "missing"}

// makeSchool makes what is missing of a class, a library, a hand-out and a hand-in, and
// prints what became of each student's work. A second run changes nothing.
func makeSchool(ctx context.Context, path, ending string) error {
	s, err := devstack.Read(path)
	if err != nil {
		return err
	}
	if len(s.Organizations) == 0 {
		return errors.New("satchel.json names no organization: run `demo prepare` first")
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	d, err := people(ctx, s, s.Organizations[0], ending)
	if err != nil {
		return fmt.Errorf("people of the school: %w", err)
	}
	for _, step := range []func(context.Context) error{d.makeClass, d.makeLibrary, d.makeHandOut, d.makeHandIn} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return d.show(ctx)
}

func people(ctx context.Context, s *devstack.Stack, org devstack.Organization, ending string) (*school, error) {
	d := &school{owner: someone{Client: &client.Client{Base: s.API, Token: org.OwnerToken, Org: org.ID}, name: "Owner"}, students: make([]someone, len(theirs))}
	member := func(name, subject, role string) (someone, error) {
		c, err := s.Member(ctx, org.ID, subject, role)
		if err != nil {
			return someone{}, err
		}
		var me struct {
			User string `json:"user_id"`
		}
		if err := c.Call(ctx, http.MethodGet, "/api/v1/me", nil, &me); err != nil {
			return someone{}, err
		}
		return someone{c, name, me.User}, d.named(ctx, org.ID, me.User, name, role)
	}
	var err error
	if d.teacher, err = member("Teacher 1", "teacher-"+ending, "teacher"); err != nil {
		return nil, err
	}
	if d.parent, err = member("Parent 1", "parent-"+ending, "parent"); err != nil {
		return nil, err
	}
	if d.admin, err = member("Administrator 1", "admin-"+ending, "admin"); err != nil {
		return nil, err
	}
	if d.auditor, err = member("Auditor 1", "auditor-"+ending, "auditor"); err != nil {
		return nil, err
	}
	for i := range d.students {
		subject := "student-" + ending // the one whose token satchel.json has
		if i > 0 {
			subject += strconv.Itoa(i + 1)
		}
		if d.students[i], err = member(fmt.Sprintf("Student %d", i+1), subject, "student"); err != nil {
			return nil, err
		}
	}
	return d, d.link(ctx, org.ID)
}

// named makes a member a person with a name, which lists of people show, once.
func (d *school) named(ctx context.Context, org, user, name, role string) error {
	kinds := map[string]string{"student": "student", "parent": "guardian"}
	in := map[string]string{"user_id": user, "kind": cmp.Or(kinds[role], "staff"), "display_name": name}
	err := d.owner.Call(ctx, http.MethodPost, "/api/v1/organizations/"+org+"/people", in, nil)
	var p *client.Problem
	if errors.As(err, &p) && p.Status == http.StatusConflict {
		return nil
	}
	return err
}

// link makes the parent the guardian of the first student, once.
func (d *school) link(ctx context.Context, org string) error {
	in := map[string]string{"parent_id": d.parent.id, "student_id": d.students[0].id}
	err := d.owner.Call(ctx, http.MethodPost, "/api/v1/organizations/"+org+"/guardians", in, nil)
	var p *client.Problem
	if errors.As(err, &p) && p.Status == http.StatusConflict {
		return nil
	}
	return err
}

func (d *school) makeClass(ctx context.Context) error {
	const title = "Class 7b"
	all, err := d.owner.Classes(ctx)
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.Title == title {
			d.class = k
		}
	}
	if d.class.ID == "" {
		if d.class, err = d.owner.CreateClass(ctx, title, "7b"); err != nil {
			return err
		}
	}
	if err := d.owner.SetClassMember(ctx, d.class.ID, d.teacher.id, client.ClassMember{Role: "teacher", Primary: true}); err != nil {
		return err
	}
	for _, p := range d.students {
		if err := d.owner.SetClassMember(ctx, d.class.ID, p.id, client.ClassMember{Role: "student"}); err != nil {
			return err
		}
	}
	return nil
}

func (d *school) makeLibrary(ctx context.Context) error {
	all, err := d.owner.Spaces(ctx, "library")
	if err != nil || len(all) > 0 {
		return err
	}
	library, err := d.owner.CreateSpace(ctx, client.NewSpace{Kind: "library", Name: "School library"})
	if err != nil {
		return err
	}
	return d.owner.send(ctx, library.ID, "", "house-rules.pdf", samples.PDF("House rules of the library"))
}

func (d *school) makeHandOut(ctx context.Context) error {
	f, made, err := d.folder(ctx, client.NewFolder{Name: "Worksheets", Mode: "handout", Instructions: "Read this before Friday."})
	if err != nil || !made {
		return err
	}
	return d.teacher.send(ctx, "", f.ID, "worksheet-1.pdf", samples.PDF("Worksheet 1"))
}

// folder gives the class's folder of a name, and whether it was made now.
func (d *school) folder(ctx context.Context, n client.NewFolder) (f client.Folder, made bool, err error) {
	all, err := d.teacher.Folders(ctx, d.class.Space, "")
	if err != nil {
		return f, false, err
	}
	for _, f := range all {
		if f.Name == n.Name {
			return f, false, nil
		}
	}
	f, err = d.teacher.CreateFolder(ctx, d.class.Space, n)
	return f, err == nil, err
}

// makeHandIn leaves each student's work in another state: the due time passes between
// the second and the third.
func (d *school) makeHandIn(ctx context.Context) (err error) {
	var made bool
	d.handIn, made, err = d.folder(ctx, client.NewFolder{Name: "Essay 1", Mode: "handin", Instructions: "One page about your favorite plant.", Accepted: []string{"txt", "docx", "pdf"}})
	if err != nil || !made {
		return err
	}
	for i, state := range theirs {
		if state == "missing" {
			continue
		}
		if state == "late" {
			if err := d.due(ctx); err != nil {
				return err
			}
		}
		if err := d.handsIn(ctx, d.students[i]); err != nil {
			return fmt.Errorf("%s hands in: %w", d.students[i].name, err)
		}
		if state == "returned" {
			if err := d.teacher.ReturnWork(ctx, d.handIn.ID, d.students[i].id, "Tell more about its roots."); err != nil {
				return err
			}
		}
	}
	return nil
}

// due sets the time from which on work is late: that of the latest work so far.
func (d *school) due(ctx context.Context) error {
	all, err := d.teacher.HandIns(ctx, d.handIn.ID)
	if err != nil {
		return err
	}
	var latest time.Time
	for _, h := range all {
		if h.HandedInAt != nil && h.HandedInAt.After(latest) {
			latest = *h.HandedInAt
		}
	}
	return d.teacher.Call(ctx, http.MethodPatch, "/api/v1/folders/"+d.handIn.ID, map[string]any{"due_at": latest}, nil)
}

func (d *school) handsIn(ctx context.Context, p someone) error {
	if err := p.send(ctx, "", d.handIn.ID, "essay.docx", samples.DOCX("My favorite plant, by "+p.name)); err != nil {
		return err
	}
	_, err := p.HandInWork(ctx, d.handIn.ID)
	return err
}

// send brings a file to a place and waits until it is published.
func (p someone) send(ctx context.Context, space, folder, name string, content []byte) error {
	id, err := p.Upload(ctx, client.Upload{
		Body: bytes.NewReader(content), Size: int64(len(content)), Metadata: map[string]string{"filename": name, "space_id": space, "folder_id": folder},
	})
	if err != nil {
		return err
	}
	f, err := p.Watch(ctx, id, nil)
	if err == nil && f.Status != "published" {
		err = fmt.Errorf("%s is %s: %s", name, f.Status, f.StatusText)
	}
	return err
}

// show prints the hand-in as its teacher sees it, and fails unless each student has the
// state that the demonstration gave them. What people did since then is theirs.
func (d *school) show(ctx context.Context) error {
	all, err := d.teacher.HandIns(ctx, d.handIn.ID)
	if err != nil {
		return err
	}
	states := map[string]client.HandIn{}
	for _, h := range all {
		states[h.Student] = h
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "\n\tCLASS 7B\tHAND-IN: ESSAY 1\tFILES\n")
	failed := false
	for i, p := range d.students {
		mark := "✓"
		if states[p.id].State != theirs[i] {
			mark, failed = "✗", true
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d\n", mark, p.name, states[p.id].State, states[p.id].Files)
	}
	_ = w.Flush()
	if failed && os.Getenv("ONCE") != "" {
		return errors.New("not every student's work is in the state in which the demonstration leaves it")
	}
	return nil
}
