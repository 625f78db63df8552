// Package generate makes synthetic school districts: persons, classes and
// enrollments that are no one's, their changes from day to day, and the OneRoster
// packages that a student information system would export. The same seed gives
// the same district. Tests, the demonstration and the benchmarks use it.
package generate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Size says how large a district is.
type Size struct {
	People     int // students, staff and guardians together
	Classes    int // 0: one for each 5 persons
	PerStudent int // classes of a student; 0: 12
}

// The roles of persons.
const (
	Student  = "student"
	Teacher  = "teacher"
	Guardian = "guardian"
)

// School is one school.
type School struct{ ID, Name string }

// Term is one term. The end is the first day after it.
type Term struct {
	ID, Title    string
	Starts, Ends time.Time
}

// Class is one class.
type Class struct{ ID, Title, School, Term string }

// Person is one person. Agents are the guardians of a student.
type Person struct {
	ID, Role, Given, Family, Grade, School string
	Username, Email                        string
	Parent                                 bool // a teacher who is also a guardian
	Agents                                 []string
	Birth                                  time.Time
}

// Name is the person's name as it is shown.
func (p Person) Name() string { return p.Given + " " + p.Family }

// Enrollment is a person's place in a class.
type Enrollment struct {
	ID, Class, User, Role string
	Primary               bool
}

// District is the state of a district on one day.
type District struct {
	Schools     []School
	Terms       []Term
	Classes     []Class
	People      []Person
	Enrollments []Enrollment

	size   Size
	random *rand.Rand
	last   int // the number that was given last
}

// New makes a district.
func New(seed uint64, size Size) *District {
	if size.Classes == 0 {
		size.Classes = max(size.People/5, 1)
	}
	if size.PerStudent == 0 {
		size.PerStudent = 12
	}
	d := &District{size: size, random: rand.New(rand.NewPCG(seed, 0x5A7C4E1))} //nolint:gosec // synthetic data has to be the same each time
	d.Terms = []Term{
		{"term-1", "Autumn", time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)},
		{"term-2", "Spring", time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 8, 1, 0, 0, 0, 0, time.UTC)},
	}
	for i := range max(size.People/800, 1) {
		d.Schools = append(d.Schools, School{fmt.Sprintf("school-%d", i+1), surnames[i%len(surnames)] + " School " + fmt.Sprint(i+1)})
	}
	students := max(size.People*80/100, 1)
	staff := max(size.People*8/100, 1)
	for range students {
		d.addPerson(Student)
	}
	for range staff {
		d.addPerson(Teacher)
	}
	for range size.People - students - staff {
		d.addPerson(Guardian)
	}
	d.addGuardians()
	for range size.Classes {
		d.addClass()
	}
	for i := range d.People {
		if d.People[i].Role == Student {
			d.enroll(d.People[i], d.size.PerStudent)
		}
	}
	return d
}

func (d *District) next(prefix string) string {
	d.last++
	return fmt.Sprintf("%s-%d", prefix, d.last)
}

func pick[T any](d *District, from []T) T { return from[d.random.IntN(len(from))] }

func (d *District) addPerson(role string) *Person {
	p := Person{ID: d.next("p"), Role: role, Given: pick(d, givenNames), Family: pick(d, surnames), School: pick(d, d.Schools).ID}
	p.Username = fmt.Sprintf("u%d", d.last)
	p.Birth = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, d.random.IntN(7000))
	switch role {
	case Student:
		grade := 1 + d.random.IntN(12)
		p.Grade = fmt.Sprintf("%02d", grade)
		p.Birth = time.Date(2020-grade, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, d.random.IntN(360))
	case Teacher:
		p.Email = p.Username + "@school.invalid"
		p.Parent = d.random.IntN(10) == 0
	}
	d.People = append(d.People, p)
	return &d.People[len(d.People)-1]
}

// addGuardians gives about half of the students one or two guardians; some of
// them are teachers.
func (d *District) addGuardians() {
	var guardians []string
	for _, p := range d.People {
		if p.Role == Guardian || p.Parent {
			guardians = append(guardians, p.ID)
		}
	}
	if len(guardians) == 0 {
		return
	}
	for i := range d.People {
		if d.People[i].Role != Student {
			continue
		}
		for range d.random.IntN(3) {
			if g := pick(d, guardians); !slices.Contains(d.People[i].Agents, g) {
				d.People[i].Agents = append(d.People[i].Agents, g)
			}
		}
	}
}

func (d *District) addClass() {
	school := pick(d, d.Schools).ID
	c := Class{ID: d.next("c"), Title: pick(d, subjects) + fmt.Sprintf(" %d", d.last), School: school, Term: pick(d, d.Terms).ID}
	d.Classes = append(d.Classes, c)
	var staff []string
	for range 20 { // a teacher of the school if one is met, else of another
		p := d.People[d.random.IntN(len(d.People))]
		if p.Role == Teacher {
			staff = append(staff, p.ID)
		}
	}
	for i := range min(len(staff), 2) {
		if i == 1 && staff[1] == staff[0] {
			continue
		}
		d.Enrollments = append(d.Enrollments, Enrollment{ID: d.next("e"), Class: c.ID, User: staff[i], Role: Teacher, Primary: i == 0})
	}
}

// enroll gives a student n more classes.
func (d *District) enroll(p Person, n int) {
	if len(d.Classes) == 0 {
		return
	}
	begin := d.random.IntN(len(d.Classes))
	for i := range min(n, len(d.Classes)) {
		c := d.Classes[(begin+i)%len(d.Classes)]
		d.Enrollments = append(d.Enrollments, Enrollment{ID: d.next("e"), Class: c.ID, User: p.ID, Role: Student})
	}
}
