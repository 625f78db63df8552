package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// mailGoal is how long a mail may take of those that wait: 10,000 in two minutes.
const mailGoal = 12 * time.Millisecond

// mails has members told of something at once, an address each, and waits until the mail
// server of the stack has taken all mails; then again while the worker is killed each second in
// which it sends. SMTP has no transaction: a worker that dies between the answer to DATA and its
// row leaves a doubt, and the mail is sent once more. A second copy without a doubt in its row
// has no such reason, and a third one none at all.
func (b *bench) mails(ctx context.Context) error {
	n, most := 1000, 5
	if b.full {
		n, most = 10_000, 60
	}
	db, err := b.Root(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
	quiet, err := b.mailing(ctx, db, n, 0)
	if err != nil {
		return err
	}
	goal := time.Duration(n) * mailGoal
	b.add(fmt.Sprintf("%d notifications → taken by the mail server", n), quiet.took.Seconds(), "s", fmt.Sprintf("≤ %.0f (10,000 in 120)", goal.Seconds()), quiet.took <= goal && len(quiet.copies) == n && quiet.copied() == 0,
		"one organization, %d members with an address each; %.0f a second, %d taken, %d twice", n, float64(n)/quiet.took.Seconds(), len(quiet.copies), quiet.copied())
	killed, err := b.mailing(ctx, db, n, most)
	if err != nil {
		return fmt.Errorf("under kills: %w", err)
	}
	b.add(fmt.Sprintf("%d notifications → taken, under kills", n), killed.took.Seconds(), "s", fmt.Sprintf("≤ %.0f (10,000 in 120)", goal.Seconds()), killed.took <= goal,
		"the worker gets SIGKILL after each second of sending (%d times)", killed.kills)
	bad := killed.undoubted + killed.thrice + n - len(killed.copies)
	b.add("mails lost, sent twice without a doubt, or thrice", float64(bad), "mails", "0", bad == 0,
		"%d mails, the worker gets SIGKILL after each second of sending (%d times); %d not taken, %d twice of %d in doubt", n, killed.kills,
		n-len(killed.copies), killed.copied(), killed.doubted)
	return nil
}

// mailed is what became of a mailing.
type mailed struct {
	took                       time.Duration  // from the commit until the last first copy
	copies                     map[string]int // by address
	kills                      int
	doubted, undoubted, thrice int // rows with a doubt; second copies without one; third copies
}

func (m mailed) copied() (n int) {
	for _, copies := range m.copies {
		if copies > 1 {
			n++
		}
	}
	return n
}

// mailing tells n new members something, and kills the worker up to most times.
func (b *bench) mailing(ctx context.Context, db *pgx.Conn, n, most int) (mailed, error) {
	m := mailed{copies: map[string]int{}}
	org, err := b.Unhurried(ctx, "bench", "Benchmark")
	if err != nil {
		return m, err
	}
	if err := tellMembers(ctx, db, org, n); err != nil {
		return m, err
	}
	began := time.Now()
	box := &letterbox{folder: filepath.Join(filepath.Dir(b.Logs), "data", "mailbox"), suffix: "." + org + "@mail.example", seen: map[string]bool{}, last: began}
	k := &killing{most: most}
	for until := began.Add(30 * time.Minute); ; pause(ctx, 100) {
		if err := box.read(m.copies); err != nil {
			return m, err
		}
		open, err := openMails(ctx, db, org)
		switch {
		case err != nil:
			return m, err
		case time.Now().After(until):
			return m, fmt.Errorf("%d of %d mails are still open after 30 minutes", open, n)
		case open > 0:
			if err := k.step(len(m.copies), func() (bool, error) { return b.Processes().Signal(ctx, "worker", syscall.SIGKILL) }); err != nil {
				return m, err
			}
			continue
		}
		// What was taken since it was read.
		if err := box.read(m.copies); err != nil {
			return m, err
		}
		m.took, m.kills = box.last.Sub(began), k.done
		return m, b.doubts(ctx, db, org, &m)
	}
}

// tellMembers makes members with an address each, and tells them all something at once.
func tellMembers(ctx context.Context, db *pgx.Conn, org string, n int) error {
	for _, sql := range []string{
		`insert into users (id) select md5($1::text || 'mail' || i)::uuid from generate_series(1, $2::integer) i`,
		`insert into members (organization_id, user_id, role) select $1::text::uuid, md5($1::text || 'mail' || i)::uuid, 'teacher' from generate_series(1, $2::integer) i`,
		`insert into mail_addresses (organization_id, id, user_id, address, verified_at)
			select $1::text::uuid, md5($1::text || 'mail' || i)::uuid, md5($1::text || 'mail' || i)::uuid, 'm' || i || '.' || $1::text || '@mail.example', now() from generate_series(1, $2::integer) i`,
		`insert into notifications (organization_id, id, user_id, kind)
			select $1::text::uuid, md5($1::text || 'mail' || i)::uuid, md5($1::text || 'mail' || i)::uuid, 'share.received' from generate_series(1, $2::integer) i`,
	} {
		if _, err := db.Exec(ctx, sql, org, n); err != nil {
			return fmt.Errorf("%.40s: %w", sql, err)
		}
	}
	return nil
}

// openMails counts what is not decided about, or not sent.
func openMails(ctx context.Context, db *pgx.Conn, org string) (n int, err error) {
	err = db.QueryRow(ctx, `select (select count(*) from notifications where organization_id = $1::uuid and dispatched_at is null)
		+ (select count(*) from notification_mails where organization_id = $1::uuid and state in ('queued', 'sending'))`, org).Scan(&n)
	return n, err
}

// killing kills a second after mails were seen to go out again.
type killing struct {
	most, done, before int
	sending            time.Time
}

func (k *killing) step(taken int, kill func() (bool, error)) error {
	switch {
	case k.done == k.most || taken == k.before:
		return nil
	case k.sending.IsZero():
		k.sending = time.Now()
		return nil
	case time.Since(k.sending) < time.Second:
		return nil
	}
	killed, err := kill()
	if killed {
		k.done++
	}
	k.before, k.sending = taken, time.Time{}
	return err
}

// doubts compares copies with what the log of deliveries says.
func (b *bench) doubts(ctx context.Context, db *pgx.Conn, org string, m *mailed) error {
	rows, err := db.Query(ctx, `select a.address, d.doubts from notification_mails d join mail_addresses a on a.organization_id = d.organization_id and a.user_id = d.user_id where d.organization_id = $1::uuid`, org)
	if err != nil {
		return err
	}
	var address string
	var doubts int
	_, err = pgx.ForEachRow(rows, []any{&address, &doubts}, func() error {
		copies := m.copies[address]
		switch {
		case doubts > 0:
			m.doubted++
		case copies > 1:
			m.undoubted++
		}
		if copies > 2 {
			m.thrice++
		}
		return nil
	})
	return err
}

// letterbox reads what the mailbox of the stack has taken: a file a mail.
type letterbox struct {
	folder, suffix string
	seen           map[string]bool
	last           time.Time // when the last first copy came
}

// read adds new mails to those counted by address.
func (l *letterbox) read(copies map[string]int) error {
	files, err := os.ReadDir(l.folder)
	if err != nil {
		return err
	}
	for _, f := range files {
		if l.seen[f.Name()] || !strings.HasSuffix(f.Name(), ".json") {
			continue
		}
		l.seen[f.Name()] = true
		content, err := os.ReadFile(filepath.Join(l.folder, f.Name()))
		if err != nil {
			return err
		}
		var mail struct {
			At time.Time `json:"at"`
			To []string  `json:"to"`
		}
		if err := json.Unmarshal(content, &mail); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		for _, to := range mail.To {
			if !strings.HasSuffix(to, l.suffix) {
				continue
			}
			if copies[to]++; copies[to] == 1 && mail.At.After(l.last) {
				l.last = mail.At
			}
		}
	}
	return nil
}
