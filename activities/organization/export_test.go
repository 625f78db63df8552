package organization

// Paged makes the lists of the activities this long.
func Paged(a *BatchActivities, page int) *BatchActivities {
	a.page = page
	return a
}
