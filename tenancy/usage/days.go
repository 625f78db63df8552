package usage

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"satchel/tenancy"
)

// ClosingDelay is the number of past days that may still change, because counts
// can be committed late. Older days are final, so that a later purge does not
// reduce them.
const ClosingDelay = 3

// Day is what an organization used on one day of UTC.
type Day struct {
	Day         time.Time `db:"day"`
	Uploads     int64     `db:"uploads"`      // versions whose bytes arrived whole
	BytesIn     int64     `db:"bytes_in"`     // their bytes
	BytesOut    int64     `db:"bytes_out"`    // of files and previews
	Downloads   int64     `db:"downloads"`    // of files, from the first byte
	Scans       int64     `db:"scans"`        // versions that got a verdict
	Renditions  int64     `db:"renditions"`   // previews made
	Jobs        int64     `db:"jobs"`         // operations begun
	ActiveUsers int64     `db:"active_users"` // people who called at least once
	StoredBytes int64     `db:"stored_bytes"` // at the day's end; today's: now
}

// live counts the days from $1 to $2 again. A number never falls below the one
// that was rolled up before: a file that is purged was uploaded all the same.
// What was stored at the end of a past day is what is stored now, if nothing
// changed since, and what there was before the first change of the day after it.
// Of days further back than that (no one rolled up for more than a day), it is
// what was rolled up last until then, and nothing if nothing was: what is stored
// now says nothing of a day before the first byte.
const live = `
with days as (select d::date as day, d::date::timestamp at time zone 'UTC' as since, (d::date + 1)::timestamp at time zone 'UTC' as until
                from generate_series($1::date, $2::date, interval '1 day') d),
seen as (select day,
    (select count(*) from file_versions v where v.organization_id = app.org() and v.received_at >= since and v.received_at < until) as uploads,
    (select coalesce(sum(v.size), 0)::bigint from file_versions v where v.organization_id = app.org() and v.received_at >= since and v.received_at < until) as bytes_in,
    (select coalesce(sum(c.amount), 0)::bigint from usage_counters c where c.day = days.day and c.metric = 'bytes_out') as bytes_out,
    (select coalesce(sum(c.amount), 0)::bigint from usage_counters c where c.day = days.day and c.metric = 'downloads') as downloads,
    (select count(*) from file_versions v where v.organization_id = app.org() and v.received_at >= since - interval '7 days' and v.received_at < until
        and v.scanned_at >= since and v.scanned_at < until) as scans,
    (select count(*) from file_versions v join version_steps s on s.organization_id = v.organization_id and s.version_id = v.id and s.name = 'preview'
       join renditions r on r.organization_id = v.organization_id and r.version_id = v.id
      where v.organization_id = app.org() and v.received_at >= since - interval '7 days' and v.received_at < until
        and s.ended_at >= since and s.ended_at < until) as renditions,
    (select count(*) from operations o where o.created_at >= since and o.created_at < until) as jobs,
    (select count(*) from usage_active a where a.day = days.day) as active_users,
    (select q.used_bytes from storage_quotas q) as now_bytes,
    (select case when day >= q.opened_on then q.used_bytes when day = q.opened_on - 1 then q.opening_bytes end from storage_quotas q) as end_bytes
  from days),
merged as (select s.day,
    greatest(s.uploads, d.uploads) as uploads, greatest(s.bytes_in, d.bytes_in) as bytes_in, greatest(s.bytes_out, d.bytes_out) as bytes_out,
    greatest(s.downloads, d.downloads) as downloads, greatest(s.scans, d.scans) as scans, greatest(s.renditions, d.renditions) as renditions,
    greatest(s.jobs, d.jobs) as jobs, greatest(s.active_users, d.active_users) as active_users,
    coalesce(case when s.day >= $3::date then s.now_bytes else s.end_bytes end,
        (select p.stored_bytes from usage_days p where p.organization_id = app.org() and p.day <= s.day order by p.day desc limit 1), 0) as stored_bytes
  from seen s left join usage_days d on d.organization_id = app.org() and d.day = s.day)
`

// RollUp writes down the days that may still change, as of now, and forgets who
// was active on those before. Calling it again changes nothing that it need not.
func RollUp(ctx context.Context, tx *tenancy.Tx, now time.Time) error {
	today := dayOf(now)
	from := dayOf(now.UTC().AddDate(0, 0, -ClosingDelay))
	_, err := tx.Exec(ctx, live+`
		insert into usage_days (organization_id, day, uploads, bytes_in, bytes_out, downloads, scans, renditions, jobs, active_users, stored_bytes, rolled_at)
		select app.org(), day, uploads, bytes_in, bytes_out, downloads, scans, renditions, jobs, active_users, stored_bytes, $4 from merged order by day
		on conflict (organization_id, day) do update set uploads = excluded.uploads, bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out,
			downloads = excluded.downloads, scans = excluded.scans, renditions = excluded.renditions, jobs = excluded.jobs,
			active_users = excluded.active_users, stored_bytes = excluded.stored_bytes, rolled_at = excluded.rolled_at`, from, today, today, now)
	if err != nil {
		return fmt.Errorf("roll up usage: %w", err)
	}
	if _, err := tx.Exec(ctx, "delete from usage_active where day < $1", from); err != nil {
		return fmt.Errorf("forget who was active: %w", err)
	}
	if _, err := tx.Exec(ctx, "delete from usage_flushes where created_at < now() - interval '1 day'"); err != nil {
		return fmt.Errorf("forget old batches: %w", err)
	}
	return nil
}

// Days reads the days from and to, both included, as of now. Days that may
// still change are counted again. Days on which nothing was rolled up are left
// out.
func Days(ctx context.Context, q tenancy.Queries, from, to, now time.Time) ([]Day, error) {
	fresh := now.UTC().AddDate(0, 0, -ClosingDelay)
	if day := from.UTC(); day.After(fresh) {
		fresh = day
	}
	today := dayOf(now)
	rows, err := q.Query(ctx, live+`
		select day, uploads, bytes_in, bytes_out, downloads, scans, renditions, jobs, active_users, stored_bytes from merged where day <= $5::date
		union all
		select day, uploads, bytes_in, bytes_out, downloads, scans, renditions, jobs, active_users, stored_bytes
		  from usage_days where day >= $4::date and day <= $5::date and day < $1::date
		order by day`, dayOf(fresh), today, today, dayOf(from), dayOf(to))
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Day])
}

// Limits is how much of what it may have an organization has now.
type Limits struct {
	BytesUsed   int64 `db:"bytes_used" json:"bytes_used"` // stored and reserved
	BytesMax    int64 `db:"bytes_max" json:"bytes_max"`
	Members     int64 `db:"members" json:"members"`
	MembersMax  int64 `db:"members_max" json:"members_max"`
	MaxFileSize int64 `db:"max_file_size" json:"max_file_size"`
}

// GetLimits reads the limits of the organization to which q is bound.
func GetLimits(ctx context.Context, q tenancy.Queries) (Limits, error) {
	rows, err := q.Query(ctx, `select q.used_bytes + q.reserved_bytes as bytes_used, q.max_bytes as bytes_max, q.max_file_size,
		(select count(*) from members where not service) as members, (select max_members::bigint from tiers) as members_max from storage_quotas q`)
	if err != nil {
		return Limits{}, fmt.Errorf("read limits: %w", err)
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Limits])
}
