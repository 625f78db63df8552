package requests

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/internal/fault"
	"satchel/policies/consent/requests/requestsdb"
	"satchel/tenancy"
)

// Notice is a direct notice to parents: a field for each block that 16 CFR 312.4 asks for.
// Its JSON is what is hashed, so that the order of the fields is part of a version.
type Notice struct {
	Summary         string       `json:"summary"`          // all of it, in 120 words
	Collected       string       `json:"collected"`        // what is collected from the child
	Used            string       `json:"used"`             // what for
	Disclosed       string       `json:"disclosed"`        // to whom it may be disclosed; that there is no disclosure is said too
	ThirdParties    []ThirdParty `json:"third_parties"`    // each with its purpose
	ConsentRequired string       `json:"consent_required"` // that nothing is collected without the parent's consent
	OnlineNotice    string       `json:"online_notice"`    // https address of the full notice
	Means           string       `json:"means"`            // how the parent consents
	ContactDeleted  string       `json:"contact_deleted"`  // that the address is deleted when no answer comes
	Rights          string       `json:"rights"`           // to review, to have deleted, to refuse further use
}

// ThirdParty is one to whom data may be given, or a category of them.
type ThirdParty struct {
	Name    string `json:"name"`
	Purpose string `json:"purpose"`
}

// Block is one that a notice must have.
type Block struct {
	Field, Rule, What string
	Text              func(Notice) string
}

// Blocks lists them in the order in which they are read.
var Blocks = []Block{
	{"consent_required", "16 CFR 312.4(c)(1)(i)", "that the parent's consent is required, and that nothing is collected without it", func(n Notice) string { return n.ConsentRequired }},
	{"collected", "16 CFR 312.4(c)(1)(iii)", "what is collected from the child", func(n Notice) string { return n.Collected }},
	{"used", "16 CFR 312.4(c)(1)(iii)", "how it is used", func(n Notice) string { return n.Used }},
	{"disclosed", "16 CFR 312.4(c)(1)(iii)", "how it may be disclosed, or that it is not", func(n Notice) string { return n.Disclosed }},
	{"online_notice", "16 CFR 312.4(c)(1)(v)", "the https address of the notice online", func(n Notice) string { return n.OnlineNotice }},
	{"means", "16 CFR 312.4(c)(1)(vi)", "by what means the parent consents", func(n Notice) string { return n.Means }},
	{"contact_deleted", "16 CFR 312.4(c)(1)(vii)", "that the parent's address is deleted when no consent comes in time", func(n Notice) string { return n.ContactDeleted }},
	{"rights", "16 CFR 312.4(d)(3)", "that the parent may review, have deleted, and refuse further collection and use", func(n Notice) string { return n.Rights }},
}

const (
	mostSummary      = 120 // words
	mostBlock        = 4000
	mostThirdParties = 100
	mostName         = 200
)

// The refusals of notices.
var (
	ErrNoNotice     = fault.New(fault.NotFound, "notice_not_found", "There is no such version of the notice.")
	ErrNothingToAsk = fault.New(fault.Conflict, "notice_required", "No notice to parents is published. Publish one with every block of 16 CFR 312.4, then ask.").Under("16 CFR 312.4(b)")
)

func refused(field, rule, text string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_"+field, text, args...).Under(rule)
}

// Check refuses a notice without a block that the rule asks for. That the words are true, and
// plain, is for people to judge.
func (n Notice) Check() error {
	switch words := len(strings.Fields(n.Summary)); {
	case words == 0:
		return refused("summary", "16 CFR 312.4(a)", "summary says in at most %d words what the parent is asked.", mostSummary)
	case words > mostSummary || len(n.Summary) > mostBlock:
		return refused("summary", "16 CFR 312.4(a)", "summary has %d words. It has at most %d: the blocks below it say the rest.", words, mostSummary)
	}
	for _, b := range Blocks {
		text := b.Text(n)
		if strings.TrimSpace(text) == "" || len(text) > mostBlock || strings.ContainsRune(text, 0) {
			return refused(b.Field, b.Rule, "A notice says %s. %s is a text of 1 to %d bytes.", b.What, b.Field, mostBlock)
		}
	}
	if u, err := url.Parse(n.OnlineNotice); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return refused("online_notice", "16 CFR 312.4(c)(1)(v)", "online_notice is the https address of the full notice.")
	}
	if n.ThirdParties == nil || len(n.ThirdParties) > mostThirdParties {
		return refused("third_parties", "16 CFR 312.4(c)(1)(iv)", "third_parties lists to whom data may be given, at most %d, each with name and purpose. An empty list says that there are none.", mostThirdParties)
	}
	for _, p := range n.ThirdParties {
		if strings.TrimSpace(p.Name) == "" || len(p.Name) > mostName || strings.TrimSpace(p.Purpose) == "" || len(p.Purpose) > mostBlock {
			return refused("third_parties", "16 CFR 312.4(c)(1)(iv)", "Each of third_parties has a name, or a category, and the purpose for which it is given data.")
		}
	}
	return nil
}

// Version is a published notice.
type Version struct {
	ID          uuid.UUID
	Number      int32
	Language    string
	Notice      Notice
	SHA256      string
	Material    bool
	PublishedBy *uuid.UUID
	PublishedAt time.Time
}

func readVersion(r requestsdb.NoticeGetRow, err error) (Version, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return Version{}, ErrNoNotice
	}
	if err != nil {
		return Version{}, fmt.Errorf("read notice: %w", err)
	}
	v := Version{ID: r.ID, Number: r.Number, Language: r.Language, SHA256: r.BodySha256, Material: r.Material, PublishedBy: r.PublishedBy, PublishedAt: r.PublishedAt}
	if err := json.Unmarshal([]byte(r.Body), &v.Notice); err != nil {
		return Version{}, fmt.Errorf("read notice: %w", err)
	}
	return v, nil
}

// GetNotice reads a version.
func GetNotice(ctx context.Context, q tenancy.Queries, id uuid.UUID) (Version, error) {
	return readVersion(requestsdb.New(q).NoticeGet(ctx, id))
}

// Newest reads the version that is shown to parents who are asked now.
func Newest(ctx context.Context, q tenancy.Queries) (Version, error) {
	r, err := requestsdb.New(q).NoticeNewest(ctx)
	v, err := readVersion(requestsdb.NoticeGetRow(r), err)
	if errors.Is(err, ErrNoNotice) {
		return v, ErrNothingToAsk
	}
	return v, err
}

// Notices lists versions by their ids.
func Notices(ctx context.Context, q tenancy.Queries, after uuid.UUID, most int) ([]Version, error) {
	rows, err := requestsdb.New(q).NoticeList(ctx, requestsdb.NoticeListParams{After: after, Most: int64(most)})
	if err != nil {
		return nil, fmt.Errorf("list notices: %w", err)
	}
	found := make([]Version, len(rows))
	for i, r := range rows {
		if found[i], err = readVersion(requestsdb.NoticeGetRow(r), nil); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// NewNotice is a version that is to be published.
type NewNotice struct {
	ID       uuid.UUID
	Language string
	Notice   Notice
	Material bool // consents to earlier versions do not cover it
	By       uuid.UUID
}

// Publish publishes a version, and says how many consents a material one ended. It is one
// transaction: from its commit on, nothing is collected by a consent to an earlier version,
// and who has not answered yet is asked with the new one. Of a consent on a signed form, which
// has no request, staff ask for a new form.
func Publish(ctx context.Context, tx *tenancy.Tx, n NewNotice, now time.Time) (reconsent int64, err error) {
	if err := n.Notice.Check(); err != nil {
		return 0, err
	}
	body, err := json.Marshal(n.Notice)
	if err != nil {
		return 0, fmt.Errorf("write notice: %w", err)
	}
	q, sum := requestsdb.New(tx), sha256.Sum256(body)
	if err := q.PublishLock(ctx); err != nil {
		return 0, fmt.Errorf("wait for another publication: %w", err)
	}
	_, err = q.NoticeInsert(ctx, requestsdb.NoticeInsertParams{ID: n.ID, Language: n.Language, Body: string(body), BodySha256: hex.EncodeToString(sum[:]), Material: n.Material, PublishedBy: &n.By})
	if err != nil {
		return 0, fmt.Errorf("publish notice: %w", err)
	}
	if !n.Material {
		return 0, nil
	}
	terms, err := q.TermsGet(ctx)
	if err != nil {
		return 0, fmt.Errorf("read terms of consent: %w", err)
	}
	if err := q.NoticeBurn(ctx, now); err != nil {
		return 0, fmt.Errorf("end links to the earlier notice: %w", err)
	}
	ask := requestsdb.NoticeAskAgainParams{NoticeID: n.ID, Now: now, ExpiresAt: now.AddDate(0, 0, int(terms.Days))}
	if err := q.NoticeAskAgain(ctx, ask); err != nil {
		return 0, fmt.Errorf("ask again: %w", err)
	}
	reconsent, err = q.NoticeReconsent(ctx, now)
	return reconsent, failed("end consents to the earlier notice", err)
}
