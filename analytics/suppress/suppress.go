// Package suppress hides small groups of people in tables that have totals. A group that is
// hidden is not the only one: others are hidden with it until what can be found from the
// totals is the sum of at least two groups, and that sum is itself no small group.
package suppress

import "slices"

// Usual is the size of the smallest group that is shown where an organization says nothing,
// and Least the smallest that it may say.
const (
	Usual = 10
	Least = 5
)

// Cell is one figure: N, and how many people are behind it. Where people themselves are
// counted the two are the same.
type Cell struct{ N, People int64 }

// small says that a cell is about some people, and about too few. A cell about no one tells
// nothing of anyone.
func (c Cell) small(k int64) bool { return c.People > 0 && c.People < k }

// Small says whether one of the cells is about too few people.
func Small(cells []Cell, k int64) bool {
	return slices.ContainsFunc(cells, func(c Cell) bool { return c.small(k) })
}

// Groups says which groups are hidden. Each has the same columns, and the people of two
// groups are different ones, so that a total is the sum of its column. A reader who subtracts
// what is shown from the totals finds, of each column, the sum over the hidden groups: it is
// of two groups or more, and about no one or about k people or more. Where there are not
// enough groups for that all are hidden, and small totals have to be hidden too: Total says
// whether they are.
func Groups(groups [][]Cell, k int64) []bool {
	hidden := make([]bool, len(groups))
	h := hiding{groups: groups, k: k, hidden: hidden}
	for i, cells := range groups {
		if Small(cells, k) {
			h.hide(i)
		}
	}
	if h.count > 0 {
		h.complete()
	}
	return hidden
}

// hiding is the state of one table.
type hiding struct {
	groups [][]Cell
	k      int64
	hidden []bool
	count  int
	people []int64 // behind each column of the hidden groups
}

func (h *hiding) hide(i int) {
	h.hidden[i] = true
	h.count++
	if h.people == nil {
		h.people = make([]int64, len(h.groups[i]))
	}
	for c, cell := range h.groups[i] {
		h.people[c] += cell.People
	}
}

// safe says that the sums of the hidden groups tell nothing of a small one.
func (h *hiding) safe() bool {
	return h.count > 1 && !slices.ContainsFunc(h.people, func(n int64) bool { return n > 0 && n < h.k })
}

// complete hides more groups, the smallest that help first. A group about no one helps
// nothing: a reader who knows that its row is empty knows the rest.
func (h *hiding) complete() {
	order := make([]int, 0, len(h.groups))
	for i := range h.groups {
		if !h.hidden[i] && weight(h.groups[i]) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(weight(h.groups[a]) - weight(h.groups[b])) })
	for _, i := range order {
		if h.safe() {
			return
		}
		h.hide(i)
	}
}

func weight(cells []Cell) (n int64) {
	for _, c := range cells {
		n += c.People
	}
	return n
}

// Total adds up all groups, the hidden ones too, and says whether the sums may be shown.
func Total(groups [][]Cell, k int64) (sums []Cell, shown bool) {
	for i, cells := range groups {
		if i == 0 {
			sums = make([]Cell, len(cells))
		}
		for c, cell := range cells {
			sums[c].N += cell.N
			sums[c].People += cell.People
		}
	}
	return sums, !Small(sums, k)
}

// Parts is Groups for columns that are the parts of each group, whose sizes are shown beside
// them: who handed in, who did so late, who did not. rows says whose parts are hidden, and
// sizes whose size is too: a size that is shown is not the sum of a small group's parts, and
// no hidden one is what the others leave of the total.
func Parts(groups [][]Cell, k int64) (rows, sizes []bool) {
	whole := make([][]Cell, len(groups))
	for i, cells := range groups {
		var sum Cell
		for _, c := range cells {
			sum.N += c.N
			sum.People += c.People
		}
		whole[i] = []Cell{sum}
	}
	rows, sizes = Groups(groups, k), Groups(whole, k)
	for i := range rows {
		rows[i] = rows[i] || sizes[i] // its parts would tell its size
	}
	return rows, sizes
}
