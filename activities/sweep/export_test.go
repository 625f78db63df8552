package sweep

// Paged makes the lists of the activities this long.
func Paged(a *Activities, page int) *Activities {
	a.page = page
	return a
}
