package notifications

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"satchel/internal/fault"
	"satchel/tenancy"
	"satchel/tenancy/notifications/notificationsdb"
)

// What a caller can meet.
var (
	ErrKind         = fault.New(fault.Invalid, "invalid_kind", "kind is one of the kinds that GET /api/v1/me/notification-preferences lists, or * for all others.")
	ErrRequired     = fault.New(fault.Invalid, "kind_is_required", "This kind is a matter of security: it always reaches you.")
	ErrCadence      = fault.New(fault.Invalid, "invalid_cadence", "cadence is now, daily, weekly or never; of the inbox it is now or never.")
	ErrSettings     = fault.New(fault.Invalid, "invalid_settings", "language is en, de or empty; time_zone is a name such as Europe/Berlin; quiet_from and quiet_until are both minutes of the day, 0 to 1439; digest_hour is 0 to 23.")
	ErrNoNotice     = fault.New(fault.NotFound, "notification_not_found", "There is no such notification of yours.")
	ErrNoSuppressed = fault.New(fault.NotFound, "suppression_not_found", "There is no such address that gets no mail.")
)

// Preference is what a person wants of a kind by a channel.
type Preference struct {
	Kind    string  `json:"kind"`
	Channel Channel `json:"channel"`
	Cadence Cadence `json:"cadence"`
}

// Settings are how a person is written to.
type Settings struct {
	Language   string `json:"language"`
	TimeZone   string `json:"time_zone"`
	QuietFrom  *int   `json:"quiet_from"`
	QuietUntil *int   `json:"quiet_until"`
	DigestHour int    `json:"digest_hour"`
}

// Check refuses what no one can want.
func (p Preference) Check() error {
	inbox := p.Channel == Inbox && (p.Cadence == Now || p.Cadence == Never)
	mail := p.Channel == Mail && (p.Cadence == Now || p.Cadence == EachDay || p.Cadence == EachWeek || p.Cadence == Never)
	switch {
	case !Known(p.Kind):
		return ErrKind
	case Required(p.Kind):
		return ErrRequired
	case !inbox && !mail:
		return ErrCadence
	}
	return nil
}

// Check refuses what cannot be kept.
func (s Settings) Check() error {
	minute := func(n *int) bool { return n == nil || *n >= 0 && *n < 1440 }
	if s.Language != "" && s.Language != "en" && s.Language != "de" || len(s.TimeZone) > 64 || !ValidZone(s.TimeZone) ||
		(s.QuietFrom == nil) != (s.QuietUntil == nil) || !minute(s.QuietFrom) || !minute(s.QuietUntil) || s.DigestHour < 0 || s.DigestHour > 23 {
		return ErrSettings
	}
	return nil
}

// Preferences lists what a person decided.
func Preferences(ctx context.Context, q tenancy.Queries, user uuid.UUID) ([]Preference, error) {
	rows, err := notificationsdb.New(q).PreferenceList(ctx, user)
	all := make([]Preference, len(rows))
	for i, r := range rows {
		all[i] = Preference{r.Kind, Channel(r.Channel), Cadence(r.Cadence)}
	}
	return all, wrap("list preferences", err)
}

// Prefer keeps what a person wants.
func Prefer(ctx context.Context, q tenancy.Queries, user uuid.UUID, p Preference) error {
	if err := p.Check(); err != nil {
		return err
	}
	return wrap("set preference", notificationsdb.New(q).PreferencePut(ctx, notificationsdb.PreferencePutParams{UserID: user, Kind: p.Kind, Channel: string(p.Channel), Cadence: string(p.Cadence)}))
}

// GetSettings reads a person's settings, or the default ones.
func GetSettings(ctx context.Context, q tenancy.Queries, user uuid.UUID) (Settings, error) {
	r, err := notificationsdb.New(q).SettingsGet(ctx, user)
	if errors.Is(err, pgx.ErrNoRows) {
		return Settings{DigestHour: 7}, nil
	}
	return Settings{r.Language, r.TimeZone, wide(r.QuietFrom), wide(r.QuietUntil), int(r.DigestHour)}, wrap("read settings", err)
}

// SetSettings keeps a person's settings.
func SetSettings(ctx context.Context, q tenancy.Queries, user uuid.UUID, s Settings) error {
	if err := s.Check(); err != nil {
		return err
	}
	narrow := func(n *int) *int32 {
		if n == nil {
			return nil
		}
		v := int32(*n)
		return &v
	}
	return wrap("set settings", notificationsdb.New(q).SettingsPut(ctx, notificationsdb.SettingsPutParams{UserID: user, Language: s.Language, TimeZone: s.TimeZone,
		QuietFrom: narrow(s.QuietFrom), QuietUntil: narrow(s.QuietUntil), DigestHour: int32(s.DigestHour)}))
}

// Notice is one notification in its person's inbox.
type Notice = notificationsdb.InboxPageRow

// List reads a page of the actor's inbox, the newest first.
func List(ctx context.Context, q tenancy.Queries, unread bool, before uuid.UUID, limit int) ([]Notice, error) {
	rows, err := notificationsdb.New(q).InboxPage(ctx, notificationsdb.InboxPageParams{Before: before, Unread: unread, Most: int64(limit)})
	return rows, wrap("list notifications", err)
}

// MarkRead notes that a notification was read.
func MarkRead(ctx context.Context, q tenancy.Queries, id uuid.UUID) error {
	n, err := notificationsdb.New(q).InboxRead(ctx, id)
	if err == nil && n == 0 {
		return ErrNoNotice
	}
	return wrap("read notification", err)
}

// MarkAllRead notes that the actor has read everything, and says how much that was.
func MarkAllRead(ctx context.Context, q tenancy.Queries) (int64, error) {
	n, err := notificationsdb.New(q).InboxReadAll(ctx)
	return n, wrap("read notifications", err)
}

// Unsubscribe stops the mails of a subscription. Of a digest it stops all that is in it.
// Who is no member any more gets none already.
func Unsubscribe(ctx context.Context, db *tenancy.DB, s Subscription) error {
	err := db.InTx(ctx, s.Org, func(tx *tenancy.Tx) error {
		q := notificationsdb.New(tx)
		stop := func(kind string) error {
			return q.PreferencePut(ctx, notificationsdb.PreferencePutParams{UserID: s.User, Kind: kind, Channel: string(Mail), Cadence: string(Never)})
		}
		if s.Kind != Daily && s.Kind != Weekly {
			return stop(s.Kind)
		}
		cadence := EachDay
		if s.Kind == Weekly {
			cadence = EachWeek
		}
		wanted, err := q.PreferenceList(ctx, s.User)
		if err != nil {
			return err
		}
		for _, p := range wanted {
			if Channel(p.Channel) == Mail && Cadence(p.Cadence) == cadence {
				if err := stop(p.Kind); err != nil {
					return err
				}
			}
		}
		return nil
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23503" {
		return nil
	}
	return wrap("unsubscribe", err)
}
