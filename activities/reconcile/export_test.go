package reconcile

import "time"

// Bounded makes the slices and the lists of the activities this long.
func Bounded(a *Activities, slice Limit, longest time.Duration, page int) *Activities {
	a.slice, a.longest, a.page = slice, longest, page
	return a
}
