package reconcile

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/google/uuid"

	"satchel/files"
	"satchel/tenancy"
)

// errUnsorted refuses to compare a listing that is not in the order of its keys:
// the merge would take objects for missing that come later.
var errUnsorted = errors.New("the store's listing is not in the order of its keys")

// group is the objects of one version, or one object whose key is of no version.
type group struct {
	version uuid.UUID // zero: the key names none
	objects []Object
}

// listing reads an organization's objects in a bucket, a version at a time.
type listing struct {
	org  tenancy.OrgID
	next func() (Object, error, bool)
	stop func()

	ahead   *Object // read, and of the next group
	current *group
	last    uuid.UUID
}

// list begins behind a version.
func list(ctx context.Context, b Bucket, org tenancy.OrgID, behind uuid.UUID) *listing {
	prefix := org.String() + "/"
	var after string
	if behind != uuid.Nil {
		// The keys of a version are its id alone or with a dot or a slash behind
		// it. All of them come before the id with a zero.
		after = prefix + behind.String() + "0"
	}
	l := &listing{org: org, last: behind}
	l.next, l.stop = iter.Pull2(b.List(ctx, prefix, after))
	return l
}

// peek gives the next group, and the same one until it is taken; nil at the end.
func (l *listing) peek() (*group, error) {
	if l.current != nil {
		return l.current, nil
	}
	first, err := l.read()
	if err != nil || first == nil {
		return nil, err
	}
	g := &group{version: versionOf(l.org, first.Key), objects: []Object{*first}}
	if g.version == uuid.Nil {
		l.current = g
		return g, nil
	}
	if bytes.Compare(g.version[:], l.last[:]) <= 0 {
		return nil, errUnsorted
	}
	l.last = g.version
	for {
		o, err := l.read()
		if err != nil {
			return nil, err
		}
		if o == nil {
			break
		}
		if versionOf(l.org, o.Key) != g.version {
			l.ahead = o
			break
		}
		g.objects = append(g.objects, *o)
	}
	l.current = g
	return g, nil
}

// take ends the group that peek gave.
func (l *listing) take() { l.current = nil }

func (l *listing) read() (*Object, error) {
	if o := l.ahead; o != nil {
		l.ahead = nil
		return o, nil
	}
	o, err, more := l.next()
	if err != nil || !more {
		return nil, err
	}
	return &o, nil
}

// versionOf reads the version out of a key. A key of another shape belongs to no
// version; an id in another spelling than the platform's is such a shape, since the
// order of the keys is not that of the ids then.
func versionOf(org tenancy.OrgID, key string) uuid.UUID {
	name, _, _ := strings.Cut(strings.TrimPrefix(key, org.String()+"/"), "/")
	name = strings.TrimSuffix(name, ".tail")
	id, err := uuid.Parse(name)
	if err != nil || id.String() != name {
		return uuid.Nil
	}
	return id
}

// versionRows reads an organization's versions in the order of their ids, a page at
// a time.
type versionRows struct {
	ctx   context.Context //nolint:containedctx // lives for one slice
	q     tenancy.Queries
	after uuid.UUID
	page  []files.VersionRow
	ended bool
}

const rowsPage = 1000

// peek gives the next row, and the same one until it is taken; nil at the end.
func (v *versionRows) peek() (*files.VersionRow, error) {
	if len(v.page) == 0 && !v.ended {
		page, err := files.ListVersions(v.ctx, v.q, v.after, rowsPage)
		if err != nil {
			return nil, err
		}
		v.page, v.ended = page, len(page) < rowsPage
		if len(page) > 0 {
			v.after = page[len(page)-1].ID
		}
	}
	if len(v.page) == 0 {
		return nil, nil
	}
	return &v.page[0], nil
}

// take ends the row that peek gave.
func (v *versionRows) take() { v.page = v.page[1:] }
