package suppress_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/analytics/suppress"
)

func people(table [][]int64) [][]suppress.Cell {
	groups := make([][]suppress.Cell, len(table))
	for i, row := range table {
		for _, n := range row {
			groups[i] = append(groups[i], suppress.Cell{N: n, People: n})
		}
	}
	return groups
}

func TestAnotherGroupIsHiddenToo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		table  [][]int64
		hidden []bool
		total  bool
	}{
		"no small one":             {[][]int64{{10, 20}, {0, 30}}, []bool{false, false}, true},
		"one, and the next larger": {[][]int64{{3, 20}, {40, 50}, {12, 13}}, []bool{true, false, true}, true},
		"two whose sum is small":   {[][]int64{{2, 20}, {3, 20}, {20, 20}, {30, 30}}, []bool{true, true, true, false}, true},
		"two whose sum is not":     {[][]int64{{9, 20}, {9, 20}, {20, 20}}, []bool{true, true, false}, true},
		"an empty one helps not":   {[][]int64{{3, 20}, {0, 0}, {40, 50}}, []bool{true, false, true}, true},
		"one alone":                {[][]int64{{3, 20}}, []bool{true}, false},
		"one beside empty ones":    {[][]int64{{3, 20}, {0, 0}}, []bool{true, false}, false},
		"all together are small":   {[][]int64{{3, 20}, {2, 20}, {1, 20}}, []bool{true, true, true}, false},
		"none":                     {nil, []bool{}, true},
	} {
		groups := people(c.table)
		require.Equal(t, c.hidden, suppress.Groups(groups, 10), name)
		_, shown := suppress.Total(groups, 10)
		require.Equal(t, c.total, shown, name)
	}
}

// published is what a reader has: cells that are shown, sums of rows that are shown, and
// the totals.
type published struct {
	table        [][]int64
	rows, sizes  []bool // hidden
	totals, size bool   // shown
}

func publish(table [][]int64, k int64) published {
	groups := people(table)
	rows, sizes := suppress.Parts(groups, k)
	p := published{table: table, rows: rows, sizes: sizes}
	_, p.totals = suppress.Total(groups, k)
	var all int64
	for _, row := range table {
		for _, n := range row {
			all += n
		}
	}
	p.size = all == 0 || all >= k
	return p
}

// equations are all that the reader knows of the hidden cells: each is a sum of some.
func (p published) equations() (left [][]float64, right []float64, names [][2]int) {
	index := map[[2]int]int{}
	for i, row := range p.table {
		for c := range row {
			if p.rows[i] {
				index[[2]int{i, c}] = len(names)
				names = append(names, [2]int{i, c})
			}
		}
	}
	add := func(of func(i, c int) bool) {
		coefficients, sum := make([]float64, len(names)), 0.0
		for i, row := range p.table {
			for c, n := range row {
				if at, hidden := index[[2]int{i, c}]; hidden && of(i, c) {
					coefficients[at], sum = 1, sum+float64(n)
				}
			}
		}
		left, right = append(left, coefficients), append(right, sum)
	}
	for i := range p.table {
		if p.rows[i] && !p.sizes[i] {
			add(func(r, _ int) bool { return r == i })
		}
	}
	if p.totals && len(p.table) > 0 {
		for c := range p.table[0] {
			add(func(_, col int) bool { return col == c })
		}
	}
	if p.size {
		add(func(int, int) bool { return true })
	}
	return left, right, names
}

// TestNoSmallCellIsDerived: a reader who knows all that is published, and that no figure is
// negative, finds for each hidden cell of a small group at least two values that are
// possible. The largest and the smallest are found by linear programming.
func TestNoSmallCellIsDerived(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		k := rapid.Int64Range(suppress.Least, 12).Draw(r, "k")
		columns := rapid.IntRange(1, 4).Draw(r, "columns")
		figure := rapid.OneOf(rapid.Int64Range(0, 0), rapid.Int64Range(1, 12), rapid.Int64Range(10, 60))
		table := rapid.SliceOfN(rapid.SliceOfN(figure, columns, columns), 1, 6).Draw(r, "table")
		p := publish(table, k)
		for i, row := range table {
			size := int64(0)
			for c, n := range row {
				size += n
				require.True(r, p.rows[i] || n == 0 || n >= k, "a small cell is shown in row %d, column %d", i, c)
			}
			require.True(r, p.sizes[i] || size == 0 || size >= k, "a small size is shown in row %d", i)
			require.True(r, p.rows[i] || !p.sizes[i], "a size is the sum of what is shown in row %d", i)
		}
		left, right, names := p.equations()
		for at, name := range names {
			if n := table[name[0]][name[1]]; n == 0 || n >= k {
				continue
			}
			low, high := bounds(left, right, len(names), at)
			require.GreaterOrEqual(r, high-low, 1.0, "row %d, column %d of %v is between %g and %g", name[0], name[1], table, low, high)
		}
		// The sizes of the small rows alone.
		for i, row := range table {
			var size int64
			for _, n := range row {
				size += n
			}
			if !p.sizes[i] || size == 0 || size >= k {
				continue
			}
			others := int64(0)
			for j, other := range table {
				if j != i && p.sizes[j] {
					for _, n := range other {
						others += n
					}
				}
			}
			require.True(r, !p.size || others > 0, "the size of row %d is what is left of the total", i)
		}
	})
}

// bounds gives the smallest and the largest value of a variable, where the equations hold
// and none is negative.
func bounds(left [][]float64, right []float64, n, at int) (low, high float64) {
	objective := make([]float64, n)
	objective[at] = 1
	high = maximum(left, right, objective)
	objective[at] = -1
	return -maximum(left, right, objective), high
}

const nothing = 1e-9

// maximum is the simplex method in two phases, with the rule of Bland, which does not go
// round in circles. The equations are known to have a solution.
func maximum(left [][]float64, right, objective []float64) float64 {
	m, n := len(left), len(objective)
	if m == 0 {
		return 1e18 // nothing is known
	}
	t := make([][]float64, m)
	basis := make([]int, m)
	for i := range t {
		t[i] = make([]float64, n+m+1)
		copy(t[i], left[i])
		t[i][n+i], t[i][n+m], basis[i] = 1, right[i], n+i
	}
	first := make([]float64, n+m)
	for j := n; j < n+m; j++ {
		first[j] = -1
	}
	solve(t, basis, first, n+m)
	for i := range t { // what stands for no cell leaves the basis, or its row says nothing
		for j := 0; basis[i] >= n && j < n; j++ {
			if t[i][j] > nothing || t[i][j] < -nothing {
				pivot(t, i, j)
				basis[i] = j
			}
		}
	}
	second := make([]float64, n+m)
	copy(second, objective)
	return solve(t, basis, second, n)
}

// solve raises the objective over the first columns and gives its greatest value.
func solve(t [][]float64, basis []int, objective []float64, columns int) float64 {
	last := len(t[0]) - 1
	for {
		enter := -1
		for j := range columns {
			gain := objective[j]
			for i := range t {
				gain -= objective[basis[i]] * t[i][j]
			}
			if gain > nothing {
				enter = j
				break
			}
		}
		if enter < 0 {
			value := 0.0
			for i := range t {
				value += objective[basis[i]] * t[i][last]
			}
			return value
		}
		leave := -1
		for i := range t {
			if t[i][enter] > nothing && (leave < 0 || t[i][last]/t[i][enter] < t[leave][last]/t[leave][enter]-nothing ||
				t[i][last]/t[i][enter] < t[leave][last]/t[leave][enter]+nothing && basis[i] < basis[leave]) {
				leave = i
			}
		}
		if leave < 0 {
			return 1e18
		}
		pivot(t, leave, enter)
		basis[leave] = enter
	}
}

func pivot(t [][]float64, row, column int) {
	by := t[row][column]
	for j := range t[row] {
		t[row][j] /= by
	}
	for i := range t {
		if f := t[i][column]; i != row && f != 0 {
			for j := range t[i] {
				t[i][j] -= f * t[row][j]
			}
		}
	}
}
