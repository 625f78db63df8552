package rls

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// difference is what has to be made, and what has to go before or for good. What is of another state is in both.
type difference struct{ made, gone map[kind][]thing }

// compare says what brings the one to the other.
func compare(has, wanted things) (d difference) {
	d = difference{map[kind][]thing{}, map[kind][]thing{}}
	for k, t := range wanted {
		h, ok := has[k]
		if ok && h.is(t) {
			continue
		}
		d.made[k.kind] = append(d.made[k.kind], t)
		if ok && replaced(h, t) {
			d.gone[k.kind] = append(d.gone[k.kind], h)
		}
	}
	for k, h := range has {
		if _, ok := wanted[k]; !ok && h.Drop != "" && k.kind != view { // a view of the operator's stays, without rights
			d.gone[k.kind] = append(d.gone[k.kind], h)
		}
	}
	for _, m := range []map[kind][]thing{d.made, d.gone} {
		for _, t := range m {
			slices.SortFunc(t, func(a, b thing) int { return cmp.Or(cmp.Compare(a.Age, b.Age), cmp.Compare(a.Key, b.Key)) })
		}
	}
	return d
}

// replaced says whether the old thing has to go before the new one is made.
func replaced(old, wanted thing) bool {
	switch old.Kind {
	case routine:
		return old.Shape != wanted.Shape
	case view:
		return !strings.HasPrefix(wanted.Shape, old.Shape)
	case security, owner:
		return false
	case policy, trigger, right:
		return true
	}
	return true
}

func (d difference) none() bool { return len(d.made) == 0 && len(d.gone) == 0 }

// statements make everything but owners and rights. Functions are made before the views that they may read, by the
// catalog's word alone, and again with their texts checked.
func (d difference) statements() (sql []string) {
	for _, k := range []kind{trigger, policy, view} {
		for _, t := range d.gone[k] {
			sql = append(sql, t.Drop)
		}
	}
	again := map[string]bool{}
	for _, t := range d.made[routine] {
		again[t.Key] = true
	}
	var late []string
	for _, t := range d.gone[routine] {
		if again[t.Key] {
			sql = append(sql, t.Drop)
		} else {
			late = append(late, t.Drop)
		}
	}
	sql = append(sql, "set local check_function_bodies = off")
	made := slices.Concat(d.made[routine], d.made[view])
	slices.SortFunc(made, func(a, b thing) int { return cmp.Compare(a.Age, b.Age) })
	for _, t := range slices.Concat(made, d.made[security], d.made[policy], d.made[trigger]) {
		sql = append(sql, t.Make)
	}
	sql = append(sql, "set local check_function_bodies = on")
	for _, t := range d.made[routine] {
		sql = append(sql, t.Make)
	}
	return append(sql, late...)
}

// relations are the tables and views that the statements lock and that are there already.
func (d difference) relations(has things) map[string]kind {
	found := map[string]kind{}
	for _, m := range []map[kind][]thing{d.made, d.gone} {
		for k, of := range m {
			for _, t := range of {
				isView := k == view || k == owner
				if _, there := has[key{view, t.Relation}]; t.Relation == "" || isView && !there {
					continue
				}
				found[t.Relation] = security
				if isView {
					found[t.Relation] = view
				}
			}
		}
	}
	return found
}

// names lists what differs, for people.
func (d difference) names() string {
	found := map[string]bool{}
	for _, m := range []map[kind][]thing{d.made, d.gone} {
		for k, of := range m {
			for _, t := range of {
				found[string(k)+" "+t.Key] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(found))
	const most = 30
	if len(names) > most {
		names = append(names[:most], "…")
	}
	return strings.Join(names, ", ")
}
