package workers

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"satchel/internal/queue"
)

// Names lists what Temporal persists of the components: a line for each queue
// and type. Renaming one strands what runs under the old name.
func Names(components []queue.Component) []string {
	var names []string
	for _, c := range components {
		for _, w := range slices.Concat(c.Workflows, c.Pinned) {
			names = append(names, fmt.Sprintf("%s workflow %s", c.Queue, functionName(w)))
		}
		for _, a := range c.Activities {
			t := reflect.TypeOf(a)
			for i := range t.NumMethod() {
				names = append(names, fmt.Sprintf("%s activity %s", c.Queue, t.Method(i).Name))
			}
		}
		for _, s := range c.Schedules {
			names = append(names, fmt.Sprintf("%s schedule %s starts %s", c.Queue, s.ID, functionName(s.Workflow)))
		}
	}
	slices.Sort(names)
	return names
}

func functionName(f any) string {
	full := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
	return full[strings.LastIndex(full, ".")+1:]
}
