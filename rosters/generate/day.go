package generate

import "slices"

// Day changes the district as a day does: persons come, leave and change their
// names, students move between classes, classes open and end, guardians change.
// share is the part of everything that changes, from 0 to 1; at least one of each
// kind changes.
func (d *District) Day(share float64) {
	count := func(n int) int { return max(int(share*float64(n)), 1) }
	for range count(len(d.People) / 2) {
		d.enroll(*d.addPerson(Student), d.size.PerStudent)
	}
	d.leave(count(len(d.People) / 2))
	d.rename(count(len(d.People)))
	d.move(count(len(d.Enrollments)))
	d.endClasses(count(len(d.Classes) / 4))
	for range count(len(d.Classes) / 4) {
		d.addClass()
	}
	d.regard(count(len(d.People) / 4))
}

// leave takes students and guardians out, never the last person.
func (d *District) leave(n int) {
	gone := map[string]bool{}
	for range n {
		if p := pick(d, d.People); p.Role != Teacher && len(gone) < len(d.People)-1 {
			gone[p.ID] = true
		}
	}
	d.People = slices.DeleteFunc(d.People, func(p Person) bool { return gone[p.ID] })
	d.Enrollments = slices.DeleteFunc(d.Enrollments, func(e Enrollment) bool { return gone[e.User] })
	for i := range d.People {
		d.People[i].Agents = slices.DeleteFunc(slices.Clone(d.People[i].Agents), func(id string) bool { return gone[id] })
	}
}

func (d *District) rename(n int) {
	for range n {
		i := d.random.IntN(len(d.People))
		d.People[i].Family = pick(d, surnames)
	}
}

// move gives an enrollment another class, under the same identifier or a new one,
// as systems do either.
func (d *District) move(n int) {
	for range n {
		if len(d.Enrollments) == 0 || len(d.Classes) == 0 {
			return
		}
		i := d.random.IntN(len(d.Enrollments))
		d.Enrollments[i].Class = pick(d, d.Classes).ID
		if d.random.IntN(2) == 0 {
			d.Enrollments[i].ID = d.next("e")
		}
	}
}

func (d *District) endClasses(n int) {
	gone := map[string]bool{}
	for range min(n, len(d.Classes)-1) {
		gone[pick(d, d.Classes).ID] = true
	}
	d.Classes = slices.DeleteFunc(d.Classes, func(c Class) bool { return gone[c.ID] })
	d.Enrollments = slices.DeleteFunc(d.Enrollments, func(e Enrollment) bool { return gone[e.Class] })
}

// regard changes who the guardians of students are.
func (d *District) regard(n int) {
	for range n {
		i := d.random.IntN(len(d.People))
		if d.People[i].Role == Student {
			d.People[i].Agents = nil
		}
	}
}
