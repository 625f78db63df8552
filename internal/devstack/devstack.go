// Package devstack is how the demonstration, the end-to-end tests and the
// benchmarks find a running local stack and act in it as anyone: satchel.json
// names its parts, and the local issuer gives tokens for any subject. The stack's own
// programs are served by it.
package devstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"satchel/client"
)

// Stack is satchel.json.
type Stack struct {
	API        string `json:"api"`
	Content    string `json:"content"`
	Edge       string `json:"edge"`          // Varnish in front of the content host
	EdgePurge  string `json:"edge_purge"`    // its listener for purges
	EdgeKey    string `json:"edge_key_file"` // the secret of both
	Mailbox    string `json:"mailbox"`
	TemporalUI string `json:"temporal_ui"`
	Temporal   string `json:"temporal"` // host:port of the frontend
	Metrics    struct {
		API    string `json:"api"`
		Worker string `json:"worker"`
	} `json:"metrics"`
	Postgres  string `json:"postgres"` // as the owner
	AppURL    string `json:"postgres_app"`
	Superuser string `json:"postgres_superuser"`
	S3        struct {
		Endpoint  string            `json:"endpoint"`
		AccessKey string            `json:"access_key"`
		SecretKey string            `json:"secret_key"`
		Buckets   map[string]string `json:"buckets"`
	} `json:"s3"`
	Clamd         string         `json:"clamd"`
	Render        string         `json:"render"`
	Issuer        string         `json:"issuer"`
	SecretFile    string         `json:"issuer_secret_file"`
	Supervisor    string         `json:"supervisor"`
	Logs          string         `json:"logs"` // the folder of the logs, which is one of the stack's
	OperatorToken string         `json:"operator_token"`
	Organizations []Organization `json:"organizations"`
	PIDs          PIDs           `json:"pids"`
}

// PIDs are the process ids by name. A stack may run several workers.
type PIDs map[string][]int

// UnmarshalJSON takes a number for a list of one.
func (p *PIDs) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*p = PIDs{}
	for name, value := range raw {
		var ids []int
		if err := json.Unmarshal(value, &ids); err != nil {
			var id int
			if err := json.Unmarshal(value, &id); err != nil {
				return fmt.Errorf("pid of %s: %w", name, err)
			}
			ids = []int{id}
		}
		(*p)[name] = ids
	}
	return nil
}

// Organization is one of the two that `make run` provisions.
type Organization struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	OwnerToken   string `json:"owner_token"`
	TeacherToken string `json:"teacher_token"`
	StudentToken string `json:"student_token"`
}

// Read reads a stack's satchel.json.
func Read(path string) (*Stack, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w. Is `make run` up?", err)
	}
	s := &Stack{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Mint gives a token for a subject of the local issuer.
func (s *Stack) Mint(ctx context.Context, subject string) (string, error) {
	secret, err := os.ReadFile(s.SecretFile)
	if err != nil {
		return "", fmt.Errorf("the local issuer's secret: %w", err)
	}
	issuer := client.Client{Base: s.Issuer, Token: strings.TrimSpace(string(secret))}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	in := map[string]any{"subject": subject, "audience": "satchel", "ttl": "24h"}
	if err := issuer.Call(ctx, http.MethodPost, "/mint", in, &answer); err != nil {
		return "", fmt.Errorf("ask the local issuer for a token: %w", err)
	}
	return answer.AccessToken, nil
}

// Operator gives the API as the platform's operator.
func (s *Stack) Operator() *client.Client { return &client.Client{Base: s.API, Token: s.OperatorToken} }

// Root is a connection to the stack's database that no row-level security binds.
func (s *Stack) Root(ctx context.Context) (*pgx.Conn, error) {
	root, err := pgx.Connect(ctx, s.RootURL())
	if err != nil {
		return nil, fmt.Errorf("connect as the cluster's superuser: %w", err)
	}
	return root, nil
}

// RootURL is where Root connects to: the stack's database, as the superuser.
func (s *Stack) RootURL() string {
	owner, err := url.Parse(s.Postgres)
	if err != nil {
		panic(err) // satchel.json holds URLs
	}
	root, err := url.Parse(s.Superuser)
	if err != nil {
		panic(err)
	}
	root.Path = owner.Path
	return root.String()
}

// Provision sets an organization up, in a tier whose limits no test or measurement
// runs against, and gives its id once it is ready.
func (s *Stack) Provision(ctx context.Context, slug, name string) (string, error) {
	return s.ProvisionTier(ctx, slug, name, "enterprise")
}

// ProvisionTier is Provision with a tier of one's own choice.
func (s *Stack) ProvisionTier(ctx context.Context, slug, name, tier string) (string, error) {
	org, err := s.ProvisionOnly(ctx, slug, name, tier)
	if err != nil {
		return "", err
	}
	return org, s.authorize(ctx, org)
}

// Unhurried provisions an organization with a slug that begins so, in a tier without an effective
// limit: limits would distort what is measured.
func (s *Stack) Unhurried(ctx context.Context, slug, name string) (string, error) {
	tier := map[string]any{
		"max_members": 1000, "max_bytes": int64(1) << 40, "max_file_size": int64(4) << 30, "requests_per_minute": 10_000_000,
		"concurrent_uploads": 10_000, "concurrent_scans": 16, "renditions": true, "features": []string{"api_keys"},
	}
	if err := s.Operator().Call(ctx, http.MethodPut, "/api/v1/admin/tiers/unhurried", tier, nil); err != nil {
		return "", fmt.Errorf("make the tier: %w", err)
	}
	return s.ProvisionTier(ctx, slug+"-"+uuid.NewString(), name, "unhurried")
}

// ProvisionOnly sets an organization up without an authorization of the school: its students
// add nothing.
func (s *Stack) ProvisionOnly(ctx context.Context, slug, name, tier string) (string, error) {
	var made struct {
		ID        string `json:"id"`
		Operation string `json:"operation_id"`
	}
	in := map[string]string{"slug": slug, "name": name, "tier": tier}
	err := s.Operator().Call(ctx, http.MethodPost, "/api/v1/organizations?wait=25", in, &made)
	if err != nil || made.ID != "" {
		return made.ID, err
	}
	return s.provisioned(ctx, slug, made.Operation)
}

// provisionPatience is how long an organization may take to be ready beyond the time for which
// a request waits: a machine that compiles beside the stack is slow.
const provisionPatience = 2 * time.Minute

// provisioned waits for the end of an operation that sets an organization up, and gives its id.
func (s *Stack) provisioned(ctx context.Context, slug, operation string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, provisionPatience)
	defer cancel()
	var op struct{ State string }
	for op.State == "" || op.State == "running" {
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("organization %s is not ready; operation %s says how far it is: %w", slug, operation, ctx.Err())
		case <-time.After(500 * time.Millisecond):
		}
		if err := s.Operator().Call(ctx, http.MethodGet, "/api/v1/operations/"+url.PathEscape(operation), nil, &op); err != nil {
			return "", fmt.Errorf("ask how far organization %s is: %w", slug, err)
		}
	}
	var page struct {
		Items []struct{ ID, Slug string }
	}
	if err := s.Operator().Call(ctx, http.MethodGet, "/api/v1/organizations?q="+url.QueryEscape(slug), nil, &page); err != nil {
		return "", fmt.Errorf("find organization %s: %w", slug, err)
	}
	for _, o := range page.Items {
		if o.Slug == slug {
			return o.ID, nil
		}
	}
	return "", fmt.Errorf("organization %s was not set up: operation %s %s", slug, operation, op.State)
}

// authorize records the authorization of a school, without which its students add nothing.
// Its signer is the stack, and the row says so.
func (s *Stack) authorize(ctx context.Context, org string) error {
	now := time.Now().UTC()
	in := map[string]any{
		"signer": "The local stack", "authority": "None: a school of the demonstration", "purpose": "Trying the platform", "covers": "Files of the demonstration",
		"contact": "None", "notice_sent_at": now.Add(-time.Hour), "expires_at": now.AddDate(5, 0, 0),
	}
	if err := s.Operator().Call(ctx, http.MethodPost, "/api/v1/organizations/"+org+"/agreements", in, nil); err != nil {
		return fmt.Errorf("record authorization: %w", err)
	}
	return nil
}

// OwnWebhooks says that the receivers of an organization's webhooks are its own: on a local
// stack they are programs of this machine.
func OwnWebhooks(ctx context.Context, owner *client.Client, org string) error {
	in := map[string]any{"gate": "pre_upload", "youngest_grade": nil, "hold_days": 14, "own_webhooks": true, "own_webhooks_reason": "Programs of the machine that runs the local stack"}
	if err := owner.Call(ctx, http.MethodPut, "/api/v1/organizations/"+org+"/consent", in, nil); err != nil {
		return fmt.Errorf("say whose the receivers of webhooks are: %w", err)
	}
	return nil
}

// Assure records a subprocessor of the organization with a file that stands for its written
// assurances, without which nothing of that kind is enabled.
func Assure(ctx context.Context, owner *client.Client, org, kind string) error {
	text := "What the fakes of the local stack get stays on this machine.\n"
	file, err := owner.Upload(ctx, client.Upload{Body: strings.NewReader(text), Size: int64(len(text)), Metadata: map[string]string{"filename": "assurance-" + kind + ".txt"}})
	if err != nil {
		return fmt.Errorf("add the file of the assurances: %w", err)
	}
	if _, err := owner.Watch(ctx, file, nil); err != nil {
		return fmt.Errorf("wait for the file of the assurances: %w", err)
	}
	in := map[string]any{"kind": kind, "name": "The local stack", "purpose": "Trying the platform", "categories": "Files of the demonstration", "location": "This machine", "assurance_file_id": file}
	if err := owner.Call(ctx, http.MethodPost, "/api/v1/organizations/"+org+"/subprocessors", in, nil); err != nil {
		return fmt.Errorf("record the subprocessor: %w", err)
	}
	return nil
}

// Member gives the API as a subject with a role in the organization, making the
// membership when there is none.
func (s *Stack) Member(ctx context.Context, org, subject, role string) (*client.Client, error) {
	in := map[string]string{"issuer": s.Issuer, "subject": subject, "role": role}
	err := s.Operator().Call(ctx, http.MethodPost, "/api/v1/organizations/"+org+"/members", in, nil)
	var p *client.Problem
	if err != nil && (!errors.As(err, &p) || p.Status != http.StatusConflict) {
		return nil, fmt.Errorf("add %s: %w", role, err)
	}
	token, err := s.Mint(ctx, subject)
	return &client.Client{Base: s.API, Token: token, Org: org}, err
}

// Mail is one mail that the stack's mailbox has taken.
type Mail struct {
	To      []string `json:"to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
}

// Mails reads the mails to an address, the newest first.
func (s *Stack) Mails(ctx context.Context, to string) ([]Mail, error) {
	var found struct{ Items []Mail }
	mailbox := client.Client{Base: s.Mailbox}
	err := mailbox.Call(ctx, http.MethodGet, "/messages?to="+url.QueryEscape(to), nil, &found)
	return found.Items, err
}
