package tenancy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
)

// The states of an organization.
const (
	Provisioning = "provisioning" // being set up: no one can use it
	Active       = "active"
	Suspended    = "suspended" // nothing new comes in; reads, where its owner left them
	Deleting     = "deleting"  // refused to everyone; only the operator can keep it
)

// What the life of an organization refuses.
var (
	ErrSlugTaken     = fault.New(fault.Conflict, "slug_taken", "Another organization has this slug. Choose another one.")
	ErrWrongStatus   = fault.New(fault.Conflict, "wrong_status", "The organization's status does not allow this. GET the organization shows its status.")
	ErrDeletionBegun = fault.New(fault.Conflict, "deletion_begun", "The grace period is over and the deletion has begun: the organization cannot be kept.")
)

// Organization is an organization's row.
type Organization struct {
	ID                  OrgID      `db:"id" json:"id"`
	Slug                string     `db:"slug" json:"slug"`
	Name                string     `db:"name" json:"name"`
	Tier                string     `db:"tier" json:"tier"`
	Status              string     `db:"status" json:"status"`
	StatusReason        string     `db:"status_reason" json:"status_reason"`
	ContactEmail        string     `db:"contact_email" json:"contact_email"`
	AllowedOrigins      []string   `db:"allowed_origins" json:"allowed_origins"`
	ReadsWhileSuspended bool       `db:"reads_while_suspended" json:"reads_while_suspended"`
	DeletesAt           *time.Time `db:"deletes_at" json:"deletes_at"`
	DeletionID          *uuid.UUID `db:"deletion_id" json:"deletion_id"`
	CreatedAt           time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt           time.Time  `db:"updated_at" json:"updated_at"`
}

const organizationColumns = `id, slug, name, tier, status, status_reason, contact_email, allowed_origins, reads_while_suspended,
	deletes_at, deletion_id, created_at, updated_at`

// GetOrganization reads the organization to which q is bound.
func GetOrganization(ctx context.Context, q Queries) (Organization, error) {
	rows, err := q.Query(ctx, "select "+organizationColumns+" from organizations")
	if err != nil {
		return Organization{}, fmt.Errorf("read organization: %w", err)
	}
	o, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Organization])
	if errors.Is(err, pgx.ErrNoRows) {
		return o, ErrNoOrganization
	}
	return o, err
}

// OrganizationChange is what PATCH may change; nil leaves a field as it is.
type OrganizationChange struct {
	Name, ContactEmail  *string
	AllowedOrigins      *[]string
	ReadsWhileSuspended *bool
}

// UpdateOrganization changes the settings that are given.
func UpdateOrganization(ctx context.Context, q Queries, c OrganizationChange) error {
	_, err := q.Exec(ctx, `update organizations set name = coalesce($1, name), contact_email = coalesce($2, contact_email),
		allowed_origins = coalesce($3, allowed_origins), reads_while_suspended = coalesce($4, reads_while_suspended), updated_at = now()
		where id = app.org()`, c.Name, c.ContactEmail, c.AllowedOrigins, c.ReadsWhileSuspended)
	if err != nil {
		return fmt.Errorf("change organization: %w", err)
	}
	return nil
}

// SetTier moves the organization to a tier that exists. Limits that are its own
// stay; those that follow the tier are the new one's at once. A limit below what
// is in use keeps everything readable and refuses growth.
func SetTier(ctx context.Context, tx *Tx, tier string) error {
	if _, err := tx.Exec(ctx, "update organizations set tier = $1, updated_at = now() where id = app.org()", tier); err != nil {
		return fmt.Errorf("set tier: %w", err)
	}
	// The organization sees the tier it is in, so this reads the new one.
	_, err := tx.Exec(ctx, `update storage_quotas q set updated_at = now(),
		max_bytes = case when q.max_bytes_set then q.max_bytes else t.max_bytes end,
		max_file_size = case when q.max_file_size_set then q.max_file_size else t.max_file_size end
		from tiers t where q.organization_id = (select app.org())`)
	if err != nil {
		return fmt.Errorf("set the tier's limits: %w", err)
	}
	return nil
}

// Suspend suspends the organization: new requests are refused from its commit
// on. reason is shown to people and stays in the row. Suspending a suspended
// organization changes nothing.
func Suspend(ctx context.Context, q Queries, reason string) error {
	tag, err := q.Exec(ctx, `update organizations set status = 'suspended', status_reason = $1, updated_at = now()
		where id = app.org() and status in ('active', 'suspended')`, reason)
	return statusChanged(tag.RowsAffected(), err)
}

// Resume ends a suspension.
func Resume(ctx context.Context, q Queries) error {
	tag, err := q.Exec(ctx, `update organizations set status = 'active', status_reason = '', updated_at = now()
		where id = app.org() and status in ('active', 'suspended')`)
	return statusChanged(tag.RowsAffected(), err)
}

// LockStatus reads the organization's status and keeps it until the transaction
// ends.
func LockStatus(ctx context.Context, tx *Tx) (status string, err error) {
	err = tx.QueryRow(ctx, "select status from organizations where id = app.org() for share").Scan(&status)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", ErrNoOrganization
	}
	return status, err
}

// ScheduleDeletion refuses everything from now on and says when the deletion begins, and
// by which operation of the platform.
func ScheduleDeletion(ctx context.Context, q Queries, operation uuid.UUID, grace time.Duration) error {
	tag, err := q.Exec(ctx, `update organizations set status_before = status, status = 'deleting', deletion_id = $1,
		deletes_at = now() + $2, updated_at = now() where id = app.org() and status in ('active', 'suspended')`, operation, grace)
	return statusChanged(tag.RowsAffected(), err)
}

// CancelDeletion ends the grace period, and gives the operation whose deletion it ended.
func CancelDeletion(ctx context.Context, q Queries) (operation uuid.UUID, err error) {
	err = q.QueryRow(ctx, `with kept as (select id, deletion_id from organizations where id = app.org()
			and status = 'deleting' and deletion_begun_at is null for update)
		update organizations o set status = status_before, status_before = null, deletion_id = null, deletes_at = null, updated_at = now()
		from kept where o.id = kept.id returning kept.deletion_id`).Scan(&operation)
	if !errors.Is(err, pgx.ErrNoRows) {
		return operation, err
	}
	o, err := GetOrganization(ctx, q)
	switch {
	case err != nil:
		return operation, err
	case o.Status == Deleting:
		return operation, ErrDeletionBegun
	}
	return operation, ErrWrongStatus
}

// BeginDeletion is the point of no return. It says false, and changes nothing,
// when the organization was kept or its time has not come.
func BeginDeletion(ctx context.Context, q Queries, operation uuid.UUID) (bool, error) {
	tag, err := q.Exec(ctx, `update organizations set deletion_begun_at = coalesce(deletion_begun_at, now()), updated_at = now()
		where id = app.org() and status = 'deleting' and deletion_id = $1 and deletes_at <= now()`, operation)
	if err != nil {
		return false, fmt.Errorf("begin deletion: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func statusChanged(n int64, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("change the organization's status: %w", err)
	case n == 0:
		return ErrWrongStatus
	}
	return nil
}

// Policies is what an organization decided for itself.
type Policies struct {
	TrashDays    *int     `db:"trash_days" json:"trash_days"`       // nil: as long as the platform keeps trash
	AllowedTypes []string `db:"allowed_types" json:"allowed_types"` // media types; none: what the platform takes
	// Switches and Extensions are of policies/types.
	Switches   []string `db:"type_switches" json:"type_switches"`
	Extensions []string `db:"extra_extensions" json:"extra_extensions"`
	EmptyFiles bool     `db:"empty_files" json:"empty_files"` // files of no bytes are taken
	// How many published versions of a file are kept, the shown one among them, and how many
	// days one that was replaced. Nil: without a limit.
	VersionKeep *int `db:"version_keep" json:"version_keep"`
	VersionDays *int `db:"version_days" json:"version_days"`
	// The sides in pixels in which pictures are made that are asked for, ascending. None:
	// those of the platform.
	PictureSizes []int `db:"picture_sizes" json:"picture_sizes"`
	// The bounds of shares with people outside; the tier's may be stricter.
	ShareOutside  bool `db:"share_outside" json:"share_outside"`
	ShareUpload   bool `db:"share_upload" json:"share_upload"`     // drop boxes
	SharePassword bool `db:"share_password" json:"share_password"` // links have one
	ShareDays     *int `db:"share_days" json:"share_days"`         // the longest life; nil: without a limit
	// For how many days accesses by shares are on record; nil: for as long as the share is.
	ShareAccessDays *int `db:"share_access_days" json:"share_access_days"`
	ShareRecords    bool `db:"share_records" json:"share_records"` // education records too: rows of disclosure_rules
	// What members are written: students too, in which language, and whose clock digests and
	// quiet hours follow when a person says nothing.
	MailStudents bool   `db:"mail_students" json:"mail_students"`
	MailLanguage string `db:"mail_language" json:"mail_language"`
	TimeZone     string `db:"time_zone" json:"time_zone"`
	// Documents made from texts: whether there are any, by which providers, and what may be
	// spent, in millionths of the unit of money. Nil: as much as the platform allows.
	Generation          bool     `db:"generation" json:"generation"`
	GenerationProviders []string `db:"generation_providers" json:"generation_providers"`
	GenerationJob       *int64   `db:"generation_job_micro" json:"generation_job_micro"`
	GenerationDay       *int64   `db:"generation_day_micro" json:"generation_day_micro"`
	GenerationMonth     *int64   `db:"generation_month_micro" json:"generation_month_micro"`
	// Groups of people smaller than this are hidden in reports. Nil: ten.
	ReportThreshold *int `db:"report_threshold" json:"report_threshold"`
	// What is done about personal data in files, and the forms of student ids, in RE2.
	PersonalData string   `db:"pii_policy" json:"pii_policy"`
	StudentIDs   []string `db:"pii_student_ids" json:"pii_student_ids"`

	UpdatedAt time.Time `db:"updated_at" json:"updated_at"`
}

// What an organization does about personal data in files.
const (
	PersonalDataLabel    = "label"            // says that it is there, after the publication
	PersonalDataHold     = "hold"             // publishes such a file when an officer released it
	PersonalDataRestrict = "restrict_sharing" // such a file, and one that was not read, stays inside
	PersonalDataAsk      = "ask"              // publishes such a file when its uploader said that it is right
)

// DefaultPolicies are those of an organization that decided nothing.
func DefaultPolicies() Policies {
	return Policies{AllowedTypes: []string{}, Switches: []string{}, Extensions: []string{}, EmptyFiles: true, ShareOutside: true, ShareUpload: true, PictureSizes: []int{}, MailLanguage: "en", TimeZone: "UTC", GenerationProviders: []string{"extractive"}, PersonalData: PersonalDataLabel, StudentIDs: []string{}}
}

// GetPolicies reads the organization's policies; without a row they are the
// platform's.
func GetPolicies(ctx context.Context, q Queries) (Policies, error) {
	rows, err := q.Query(ctx, `select trash_days, allowed_types, type_switches, extra_extensions, empty_files, version_keep, version_days,
			share_outside, share_upload, share_password, share_days, share_access_days, coalesce(picture_sizes, '{}') as picture_sizes, mail_students, mail_language, time_zone,
			exists (select from disclosure_rules d where d.way = 'link' and d.class = 'education_record' and d.allowed) as share_records,
			generation, generation_providers, generation_job_micro, generation_day_micro, generation_month_micro, report_threshold, pii_policy, pii_student_ids, updated_at
		from organization_policies`)
	if err != nil {
		return Policies{}, fmt.Errorf("read policies: %w", err)
	}
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Policies])
	if errors.Is(err, pgx.ErrNoRows) {
		return DefaultPolicies(), nil
	}
	return p, err
}

// GetPoliciesFor reads the organization's policies, and whether a person teaches or
// administers in it, in one statement. One who has left it does not.
func GetPoliciesFor(ctx context.Context, q Queries, user uuid.UUID) (Policies, bool, error) {
	p, role := DefaultPolicies(), Role("")
	decided := false
	err := q.QueryRow(ctx, `select p.organization_id is not null, p.trash_days, coalesce(p.allowed_types, '{}'), coalesce(p.type_switches, '{}'),
			coalesce(p.extra_extensions, '{}'), coalesce(p.empty_files, true), coalesce(p.updated_at, now()), coalesce((select m.role::text from members m where m.user_id = $1), ''),
			coalesce(p.share_outside, true), coalesce(p.share_upload, true), coalesce(p.share_password, false), p.share_days,
			exists (select from disclosure_rules d where d.way = 'link' and d.class = 'education_record' and d.allowed),
			coalesce(p.generation, false), coalesce(p.generation_providers, '{}'), p.generation_job_micro, p.generation_day_micro, p.generation_month_micro,
			coalesce(p.pii_policy, 'label'), coalesce(p.pii_student_ids, '{}')
		from (values (1)) one left join organization_policies p on true`, user).
		Scan(&decided, &p.TrashDays, &p.AllowedTypes, &p.Switches, &p.Extensions, &p.EmptyFiles, &p.UpdatedAt, &role,
			&p.ShareOutside, &p.ShareUpload, &p.SharePassword, &p.ShareDays, &p.ShareRecords,
			&p.Generation, &p.GenerationProviders, &p.GenerationJob, &p.GenerationDay, &p.GenerationMonth,
			&p.PersonalData, &p.StudentIDs)
	if err != nil {
		return Policies{}, false, fmt.Errorf("read policies and role: %w", err)
	}
	if !decided {
		p = DefaultPolicies()
	}
	return p, Actor{Role: role}.Staff(), nil
}

// SetPolicies writes the organization's policies whole.
func SetPolicies(ctx context.Context, q Queries, p Policies) error {
	for _, list := range []*[]string{&p.AllowedTypes, &p.Switches, &p.Extensions, &p.GenerationProviders, &p.StudentIDs} {
		if *list == nil {
			*list = []string{} // null is no list
		}
	}
	_, err := q.Exec(ctx, `insert into organization_policies (organization_id, trash_days, allowed_types, type_switches, extra_extensions, empty_files, version_keep, version_days,
			share_outside, share_upload, share_password, share_days, picture_sizes, mail_students, mail_language, time_zone,
			generation, generation_providers, generation_job_micro, generation_day_micro, generation_month_micro, share_access_days, report_threshold, pii_policy, pii_student_ids)
		values (app.org(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, nullif($12::integer[], '{}'), $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
		on conflict (organization_id) do update set trash_days = excluded.trash_days, allowed_types = excluded.allowed_types,
			type_switches = excluded.type_switches, extra_extensions = excluded.extra_extensions, empty_files = excluded.empty_files,
			version_keep = excluded.version_keep, version_days = excluded.version_days,
			share_outside = excluded.share_outside, share_upload = excluded.share_upload, share_password = excluded.share_password, share_days = excluded.share_days, share_access_days = excluded.share_access_days, picture_sizes = excluded.picture_sizes,
			mail_students = excluded.mail_students, mail_language = excluded.mail_language, time_zone = excluded.time_zone,
			generation = excluded.generation, generation_providers = excluded.generation_providers, generation_job_micro = excluded.generation_job_micro,
			generation_day_micro = excluded.generation_day_micro, generation_month_micro = excluded.generation_month_micro,
			report_threshold = excluded.report_threshold, pii_policy = excluded.pii_policy, pii_student_ids = excluded.pii_student_ids,
			updated_at = now()`,
		p.TrashDays, p.AllowedTypes, p.Switches, p.Extensions, p.EmptyFiles, p.VersionKeep, p.VersionDays, p.ShareOutside, p.ShareUpload, p.SharePassword, p.ShareDays, p.PictureSizes,
		p.MailStudents, cmp.Or(p.MailLanguage, "en"), cmp.Or(p.TimeZone, "UTC"),
		p.Generation, p.GenerationProviders, p.GenerationJob, p.GenerationDay, p.GenerationMonth, p.ShareAccessDays, p.ReportThreshold,
		cmp.Or(p.PersonalData, PersonalDataLabel), p.StudentIDs)
	if err != nil {
		return fmt.Errorf("set policies: %w", err)
	}
	if err := setModels(ctx, q, p.Generation && slices.ContainsFunc(p.GenerationProviders, func(name string) bool { return name != "extractive" })); err != nil {
		return err
	}
	return setShareRecords(ctx, q, p.ShareRecords)
}

// setShareRecords lets education records out by shares, or takes that back. A row that
// something else decided stays.
func setShareRecords(ctx context.Context, q Queries, allowed bool) error {
	sql := `delete from disclosure_rules where way in ('link', 'outside_person', 'drop_box') and class = 'education_record' and rule = 'records_agreed'`
	if allowed {
		sql = `insert into disclosure_rules (organization_id, way, class, allowed, rule)
			select app.org(), w, 'education_record', true, 'records_agreed' from unnest(array['link', 'outside_person', 'drop_box']) w
			on conflict (organization_id, way, class) do nothing`
	}
	if _, err := q.Exec(ctx, sql); err != nil {
		return fmt.Errorf("set rules of disclosure: %w", err)
	}
	return nil
}

// setModels keeps the rule by which texts that hold no person's data are given to a model of
// others: there is one while an owner allows a provider that is one.
func setModels(ctx context.Context, q Queries, allowed bool) error {
	sql := `delete from disclosure_rules where way = 'model' and class = 'general' and rule = 'provider_allowed'`
	if allowed {
		sql = `insert into disclosure_rules (organization_id, way, class, allowed, rule) values (app.org(), 'model', 'general', true, 'provider_allowed')
			on conflict (organization_id, way, class) do nothing`
	}
	if _, err := q.Exec(ctx, sql); err != nil {
		return fmt.Errorf("set rule of models: %w", err)
	}
	return nil
}

// ProvisioningSetup is what provisioning still has to do for an organization.
type ProvisioningSetup struct {
	MaxBytes    *int64     `db:"max_bytes"`
	MaxFileSize *int64     `db:"max_file_size"`
	Owner       *uuid.UUID `db:"owner_id"`    // a person who becomes the owner
	OwnerEmail  string     `db:"owner_email"` // or where their invitation goes
	Invitation  *uuid.UUID `db:"invitation_id"`
}

// GetProvisioningSetup reads the settings that provisioning has to apply; false
// when there are none left.
func GetProvisioningSetup(ctx context.Context, q Queries) (ProvisioningSetup, bool, error) {
	rows, err := q.Query(ctx, "select max_bytes, max_file_size, owner_id, owner_email, invitation_id from organization_setups")
	if err != nil {
		return ProvisioningSetup{}, false, fmt.Errorf("read setup: %w", err)
	}
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[ProvisioningSetup])
	if errors.Is(err, pgx.ErrNoRows) {
		return s, false, nil
	}
	return s, err == nil, err
}

// SetLimits sets both limits of an organization; nil follows its tier.
func SetLimits(ctx context.Context, q Queries, maxBytes, maxFileSize *int64) error {
	return ChangeLimits(ctx, q, OptionalLimit{Set: true, Value: maxBytes}, OptionalLimit{Set: true, Value: maxFileSize})
}

// Activate opens a provisioned organization and forgets what was to be done. It
// says false when the organization was active already.
func Activate(ctx context.Context, tx *Tx) (bool, error) {
	tag, err := tx.Exec(ctx, "update organizations set status = 'active', updated_at = now() where id = app.org() and status = 'provisioning'")
	if err != nil {
		return false, fmt.Errorf("activate: %w", err)
	}
	if _, err := tx.Exec(ctx, "delete from organization_setups where organization_id = (select app.org())"); err != nil {
		return false, fmt.Errorf("end setup: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// OptionalLimit is a limit that someone sets: not Given leaves it as it is, a nil Value
// gives it back to the tier.
type OptionalLimit struct {
	Set   bool
	Value *int64
}

// ChangeLimits sets the limits that are given.
func ChangeLimits(ctx context.Context, q Queries, maxBytes, maxFileSize OptionalLimit) error {
	tag, err := q.Exec(ctx, `update storage_quotas set updated_at = now(),
		max_bytes = case when $1 then coalesce($2, t.max_bytes) else storage_quotas.max_bytes end,
		max_bytes_set = case when $1 then $2::bigint is not null else max_bytes_set end,
		max_file_size = case when $3 then coalesce($4, t.max_file_size) else storage_quotas.max_file_size end,
		max_file_size_set = case when $3 then $4::bigint is not null else max_file_size_set end
		from tiers t where organization_id = (select app.org())`, maxBytes.Set, maxBytes.Value, maxFileSize.Set, maxFileSize.Value)
	if err != nil {
		return fmt.Errorf("change limits: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNoOrganization
	}
	return nil
}
