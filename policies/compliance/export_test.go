package compliance

// Registered gives the tables of the registry with their columns of people's values.
func Registered() map[string][]string {
	all := map[string][]string{}
	for table, h := range registry() {
		all[table] = h.columns
	}
	return all
}
