package roster

import (
	"context"
	"errors"
	"io"
	"iter"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"satchel/internal/fault"
	"satchel/internal/queue"
	"satchel/internal/spool"
	"satchel/rosters"
	"satchel/tenancy"
)

// InboxConfig says where schools put packages for the platform to find. The folder of a
// source is the prefix, the organization's id and the source's id.
type InboxConfig struct {
	Bucket string        `env:"SATCHEL_ROSTER_INBOX_BUCKET"`                     // bucket of the inbox, in which schools put rosters for sources with pick-up on; empty: no roster is picked up
	Prefix string        `env:"SATCHEL_ROSTER_INBOX_PREFIX" envDefault:"inbox/"` // key prefix of the inbox in its bucket; a package is PREFIX/organization/source/name.zip
	Every  time.Duration `env:"SATCHEL_ROSTER_INBOX_EVERY" envDefault:"5m"`      // how often the inbox is looked into
	Settle time.Duration `env:"SATCHEL_ROSTER_INBOX_SETTLE" envDefault:"1m"`     // a package without a .done marker is taken when its size and ETag are the same for this long
}

// On says whether there is an inbox.
func (c InboxConfig) On() bool { return c.Bucket != "" }

// Folder is the key prefix of an organization's folders.
func (c InboxConfig) Folder(org tenancy.OrgID) string { return c.Root() + org.String() + "/" }

// Root is the key prefix of all folders.
func (c InboxConfig) Root() string {
	if c.Prefix == "" {
		return ""
	}
	return strings.TrimSuffix(c.Prefix, "/") + "/"
}

// SourceFolder is the key prefix of a source's folder.
func (c InboxConfig) SourceFolder(org tenancy.OrgID, source uuid.UUID) string {
	return c.Folder(org) + source.String() + "/"
}

// InboxObject is an object in a folder of the inbox, or, with a key that ends in a
// slash, a folder in it.
type InboxObject struct {
	Key      string
	Size     int64
	ETag     string
	Modified time.Time
}

// InboxBucket is the bucket of the inbox. Copy copies within it what still has the ETag.
type InboxBucket interface {
	ListFolder(ctx context.Context, prefix string) iter.Seq2[InboxObject, error]
	Open(ctx context.Context, key, etag string, offset, length int64) (io.ReadCloser, error)
	Size(ctx context.Context, key string) (size int64, etag string, err error)
	Copy(ctx context.Context, key, etag, to string) error
	Remove(ctx context.Context, key string) error
}

// PackageStore keeps the packages of imports.
type PackageStore interface {
	Put(ctx context.Context, key string, body io.Reader, size int64, contentType string) (etag string, err error)
	Remove(ctx context.Context, key string) error
}

// Receiver begins an import whose package is in the store, as the API does.
type Receiver interface {
	BeginImport(ctx context.Context, org tenancy.OrgID, p rosters.Package) error
}

// InboxPorts are what the activities of the inbox use.
type InboxPorts struct {
	DB       *tenancy.DB
	Bucket   InboxBucket
	Packages PackageStore
	Receiver Receiver
	Spool    *spool.Owner
}

// Inbox has the activities of the inbox folder.
type Inbox struct {
	InboxPorts

	config InboxConfig
	page   int // sources of one list
}

// NewInbox makes the activities.
func NewInbox(p InboxPorts, c InboxConfig) *Inbox { return &Inbox{InboxPorts: p, config: c, page: 200} }

// PickUpRostersInput names the platform, and where to go on.
type PickUpRostersInput struct {
	Org   tenancy.OrgID
	After uuid.UUID // where the run before ended
}

// PlatformWork marks work across organizations.
func (PickUpRostersInput) PlatformWork() {}

// PickUpRosters looks into the folder of each source. Where nothing is configured it does
// nothing.
func (i *Inbox) PickUpRosters(ctx context.Context, in PickUpRostersInput) (queue.Swept, error) {
	if !i.config.On() {
		return queue.Swept{}, nil
	}
	sourceOf := func(r tenancy.RosterInbox) uuid.UUID { return r.Source }
	return queue.SweepByID(ctx, "pick up rosters", in.After, sourceOf, func(ctx context.Context, after uuid.UUID) ([]tenancy.RosterInbox, error) {
		return i.DB.RosterInboxes(ctx, after, i.page)
	}, i.look)
}

// FindUnknownInboxesInput names the platform.
type FindUnknownInboxesInput struct{ Org tenancy.OrgID }

// PlatformWork marks work across organizations.
func (FindUnknownInboxesInput) PlatformWork() {}

// FindUnknownInboxesResult counts the folders with packages that no source picks up.
type FindUnknownInboxesResult struct{ Unknown int }

// mostFolders bounds how many folders one look compares, and mostNamed how many the log
// names.
const (
	mostFolders = 20_000
	mostNamed   = 20
)

// FindUnknownInboxes tells operators of folders whose packages are no known source's: a
// school writes into the wrong folder, or someone writes who should not. They are never
// imported.
func (i *Inbox) FindUnknownInboxes(ctx context.Context, _ FindUnknownInboxesInput) (FindUnknownInboxesResult, error) {
	if !i.config.On() {
		return FindUnknownInboxesResult{}, nil
	}
	defer queue.Heartbeat(ctx)()
	strange, known, err := i.folders(ctx)
	if err != nil {
		return FindUnknownInboxesResult{}, err
	}
	unknown, err := i.DB.RosterInboxesUnknown(ctx, known)
	if err != nil {
		return FindUnknownInboxesResult{}, err
	}
	for _, u := range unknown {
		waits, err := i.hasPackage(ctx, i.config.SourceFolder(u.Org, u.Source))
		if err != nil {
			return FindUnknownInboxesResult{}, err
		}
		if waits {
			strange = append(strange, i.config.SourceFolder(u.Org, u.Source))
		}
	}
	activity.GetMetricsHandler(ctx).Gauge("satchel_roster_inbox_unknown").Update(float64(len(strange)))
	if len(strange) > 0 {
		activity.GetLogger(ctx).Warn("folders of the roster inbox belong to no source with pick-up on", "folders", strange[:min(len(strange), mostNamed)], "count", len(strange))
	}
	return FindUnknownInboxesResult{Unknown: len(strange)}, nil
}

// folders lists the folders of the inbox: those that no organization and source can have,
// and those that one may have.
func (i *Inbox) folders(ctx context.Context) (strange []string, possible []tenancy.RosterInbox, err error) {
	for o, err := range i.Bucket.ListFolder(ctx, i.config.Root()) {
		if err != nil {
			return nil, nil, err
		}
		org, err := tenancy.ParseOrgID(lastPart(o.Key))
		if err != nil || !strings.HasSuffix(o.Key, "/") {
			strange = append(strange, o.Key)
		} else if strange, possible, err = i.sources(ctx, org, strange, possible); err != nil {
			return nil, nil, err
		}
		if len(strange)+len(possible) >= mostFolders {
			break
		}
	}
	return strange, possible, nil
}

func (i *Inbox) sources(ctx context.Context, org tenancy.OrgID, strange []string, possible []tenancy.RosterInbox) ([]string, []tenancy.RosterInbox, error) {
	for o, err := range i.Bucket.ListFolder(ctx, i.config.Folder(org)) {
		if err != nil {
			return nil, nil, err
		}
		source, err := uuid.Parse(lastPart(o.Key))
		if err != nil || !strings.HasSuffix(o.Key, "/") {
			strange = append(strange, o.Key)
		} else {
			possible = append(possible, tenancy.RosterInbox{Org: org, Source: source})
		}
	}
	return strange, possible, nil
}

func lastPart(key string) string { return path.Base(strings.TrimSuffix(key, "/")) }

// hasPackage says whether a folder has an object of its own: the folders of what was
// moved may be there for 30 days after a source no longer picks up.
func (i *Inbox) hasPackage(ctx context.Context, folder string) (bool, error) {
	for o, err := range i.Bucket.ListFolder(ctx, folder) {
		if err != nil {
			return false, err
		}
		if !strings.HasSuffix(o.Key, "/") {
			return true, nil
		}
	}
	return false, nil
}

// gone says that the object is not there any more, or is another one: the next look sees
// what is.
func gone(err error) bool {
	if err == nil {
		return false
	}
	code := fault.Of(err).Code
	return code == "object_missing" || code == "object_changed" || errors.Is(err, rosters.ErrPickupChanged)
}
