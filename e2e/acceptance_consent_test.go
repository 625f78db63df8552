package e2e

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"satchel/client"
)

// knownChildWithoutABasis by every way in, and the school's authorization lets it.
func knownChildWithoutABasis(t *testing.T) {
	f := newFamily(t, false)
	var is struct {
		IsChild   bool   `json:"is_child"`
		AgeSource string `json:"age_source"`
		Rule      string
	}
	f.must(f.owner, http.MethodGet, f.within("/people/"+f.ada.id+"/consent"), nil, &is)
	require.True(t, is.IsChild)
	require.Equal(t, "school", is.AgeSource)
	const rule = "16 CFR 312.5(a)(1)"
	require.Equal(t, rule, is.Rule)
	ctx := testContext(t)
	key, err := f.owner.CreateKey(ctx, f.ID, client.NewKey{Name: "device of a student", Role: "student", Scopes: []string{"files:read", "files:write"}})
	require.NoError(t, err)
	machine := &client.Client{Base: local.API, Token: key.Key}
	ways := map[string]func(c *client.Client) error{
		"form": func(c *client.Client) error {
			_, err := form(t, c, "a.txt", text(1000), false, nil, "")
			return err
		},
		"a form without a length": func(c *client.Client) error {
			_, err := form(t, c, "a.txt", text(1000), true, nil, "")
			return err
		},
		"tus": func(c *client.Client) error {
			_, err := begin(ctx, c, "a.txt", 1000, "")
			return err
		},
	}
	for way, sends := range ways {
		for who, c := range map[string]*client.Client{"student": f.ada.Client, "key": machine} {
			t.Log(way, who)
			ruled(t, sends(c), http.StatusForbidden, "consent_required", rule)
		}
		require.NoError(t, sends(f.ben.Client), "%s: who is no child sends", way)
	}
	var begun int
	require.NoError(t, superuser(t).QueryRow(ctx, "select count(*) from files where organization_id = $1 and uploaded_by <> $2", f.ID, f.ben.id).Scan(&begun))
	require.Zero(t, begun, "nothing was begun")
	f.must(f.owner, http.MethodPost, f.within("/agreements"), map[string]any{
		"signer": "The head", "authority": "Head of the school", "purpose": "School work", "covers": "Files of classes", "contact": "The office",
		"notice_sent_at": time.Now().Add(-time.Hour), "expires_at": time.Now().AddDate(1, 0, 0),
	}, nil)
	for way, sends := range ways {
		require.NoError(t, sends(f.ada.Client), way)
	}
}

// linkIsUsedOnce, whatever a program of a mail server does with it before.
func linkIsUsedOnce(t *testing.T) {
	f := newFamily(t, false)
	ctx, db := testContext(t), superuser(t)
	request, address := f.asks()
	token := link(t, address, 1)
	f.becomes(request, "requested")
	rows := func() (all string) {
		t.Helper()
		require.NoError(t, db.QueryRow(ctx, `select coalesce((select string_agg((to_jsonb(r) - 'updated_at')::text, ';' order by r.id) from consent_requests r where r.organization_id = $1), '')
			|| coalesce((select string_agg(c::text, ';' order by c.id) from consent_tokens c where c.organization_id = $1), '')
			|| coalesce((select string_agg(d::text, ';' order by d.seq) from consent_decisions d where d.organization_id = $1), '')`, f.ID).Scan(&all))
		return all
	}
	before := rows()
	page := fetch(t, consentPage(token))
	require.Equal(t, http.StatusOK, page.status)
	addresses := []string{consentPage(token), consentPage(token) + "?lang=de"}
	for _, m := range regexp.MustCompile(`(?:href|action)="(/[^"]+)"`).FindAllSubmatch(page.body, -1) {
		addresses = append(addresses, local.API+string(m[1]))
	}
	require.Greater(t, len(addresses), 2, "the page has a form")
	for _, at := range addresses {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			send(t, method, at, "", nil)
		}
	}
	require.Equal(t, before, rows(), "GET changes nothing")

	hash := f.secrets(token, address)
	require.Equal(t, 1, hash, "the hash of the token is kept")
	require.Equal(t, http.StatusOK, answers(t, token, "answer", url.Values{"use": {"yes"}, "disclose": {"no"}}).status)
	require.Equal(t, "provisional", f.asked(request).State)
	answered := rows()
	send(t, http.MethodPost, consentPage(token)+"/answer", "application/x-www-form-urlencoded", strings.NewReader(url.Values{
		"use": {"no"}, "disclose": {"no"}, "key": {string(formKey.FindSubmatch(page.body)[1])},
	}.Encode()))
	require.Equal(t, answered, rows(), "it is used once")
	require.Equal(t, "provisional", f.asked(request).State)
}

// secrets demands that no row of the school has a text, and says how many links have the hash
// of the first one.
func (f family) secrets(texts ...string) (hashes int) {
	f.t.Helper()
	ctx, db := testContext(f.t), superuser(f.t)
	for _, table := range f.tables(ctx) {
		for _, text := range texts {
			var n int
			require.NoError(f.t, db.QueryRow(ctx, "select count(*) from "+table+" x where organization_id = $1 and strpos(x::text, $2) > 0", f.ID, text).Scan(&n))
			require.Zero(f.t, n, "%s has what must be kept nowhere", table)
		}
	}
	require.NoError(f.t, db.QueryRow(ctx, "select count(*) from consent_tokens where organization_id = $1 and token_hash = sha256($2::bytea)", f.ID, []byte(texts[0])).Scan(&hashes))
	return hashes
}

// noParentAnswers: a file that waits for a parent's answer is shown to no one but who administers,
// and when the time is over the file, what was made of it and the address are gone.
func noParentAnswers(t *testing.T) {
	f := newFamily(t, false)
	f.gate("discovered")
	file := f.sends(f.ada, "photo.jpg", photo(t))
	require.Equal(t, "held", file.Status)
	for _, p := range []person{f.ada, f.teacher, f.parent} {
		_, err := download(t, p.Client, file.ID)
		require.Error(t, err, p.name)
	}
	_, err := download(t, f.owner.Client, file.ID)
	require.NoError(t, err, "who administers decides about it")
	versions := f.versions(file.ID)
	comes(t, "there are previews to delete", func() bool {
		return slices.ContainsFunc(f.objects(t, versions...), func(key string) bool { return strings.Contains(key, "/renditions/") })
	})

	request, address := f.asks()
	link(t, address, 1)
	require.True(t, f.asked(request).HasAddress)
	f.passes(t, 15*24*time.Hour)
	f.becomes(request, "expired")
	require.False(t, f.asked(request).HasAddress)
	var sealed int
	require.NoError(t, superuser(t).QueryRow(testContext(t), "select count(*) from consent_requests where organization_id = $1 and contact_sealed is not null", f.ID).Scan(&sealed))
	require.Zero(t, sealed)
	f.gone(f.owner, file.ID, versions)
}

// consentByMailPermitsNoDisclosure: neither to a link nor to somebody by name.
func consentByMailPermitsNoDisclosure(t *testing.T) {
	f := newFamily(t, false)
	f.must(f.owner, http.MethodPatch, f.within("/policies"), map[string]any{"share_records": true}, nil)
	f.consents()
	file := f.sends(f.ada, "essay.txt", text(1000))
	require.Equal(t, "published", file.Status, file.StatusReason)
	_, err := download(t, f.teacher.Client, file.ID)
	require.NoError(t, err, "it permits what the school does with it")
	for _, share := range []map[string]any{
		{"kind": "link"},
		{"kind": "people", "with": []map[string]any{{"email": "aunt@else.example"}}},
	} {
		share["file_id"], share["disclosure_basis"], share["disclosure_interest"] = file.ID, "99.31(a)(2)", "the next school"
		for _, p := range []person{f.owner, f.teacher} {
			err := p.Call(testContext(t), http.MethodPost, "/api/v1/storage/share", share, nil)
			ruled(t, err, http.StatusForbidden, "consent_scope", "16 CFR 312.5(b)(2)(viii)")
		}
	}
}

// withdrawnConsent: with the answer to the parent nothing of it is read, and what was here by the
// consent alone is erased from every store, with a certificate that needs no server.
func withdrawnConsent(t *testing.T) {
	f := newFamily(t, false)
	ctx := testContext(t)
	request, withdraw := f.consents()
	file := f.sends(f.ada, "photo.jpg", photo(t))
	require.Equal(t, "published", file.Status, file.StatusReason)
	require.NotEmpty(t, file.Renditions)
	versions := f.versions(file.ID)
	require.NotEmpty(t, f.objects(t, versions...))
	at, err := url.Parse(file.Renditions[0].URL)
	require.NoError(t, err)
	readers := []person{f.ada, f.teacher}
	for _, p := range readers {
		_, err := download(t, p.Client, file.ID)
		require.NoError(t, err, p.name)
	}
	r := answers(t, withdraw, "withdraw", nil)
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	for _, p := range readers {
		_, err := download(t, p.Client, file.ID)
		require.Error(t, err, p.name)
		_, err = p.DownloadRendition(ctx, at.RequestURI(), 0, new(bytes.Buffer))
		require.Error(t, err, p.name)
	}
	_, err = f.offers(f.ada, "another.txt", text(10))
	ruled(t, err, http.StatusForbidden, "consent_required", "16 CFR 312.6(a)(2)")
	require.Equal(t, "revoked", f.asked(request).State)

	erasure := f.erased(client.NewErasure{Scope: "person", Target: f.ada.id, Basis: "consent_withdrawn"})
	f.gone(f.owner, file.ID, versions)
	f.certified(erasure, file.SHA256)
}

// erased has something erased, unless the platform does already, and waits for the end.
func (f family) erased(n client.NewErasure) client.Erasure {
	f.t.Helper()
	ctx := testContext(f.t)
	erasure, err := f.owner.Erase(ctx, n)
	if code(err) == "erasure_open" {
		all, err := f.owner.Erasures(ctx)
		require.NoError(f.t, err)
		require.NotEmpty(f.t, all)
		erasure = all[0]
	} else {
		require.NoError(f.t, err)
	}
	comes(f.t, "the erasure is certified", func() bool {
		erasure, err = f.owner.Erasure(ctx, erasure.ID)
		require.NoError(f.t, err)
		return erasure.State == "certified"
	})
	return erasure
}

// certified checks a certificate by the command line, which is given nothing but the public key.
func (f family) certified(e client.Erasure, sha256 string) {
	f.t.Helper()
	dir := f.t.TempDir()
	program, name := filepath.Join(dir, "satchel"), filepath.Join(dir, "certificate.json")
	out, err := exec.CommandContext(f.t.Context(), "go", "build", "-trimpath", "-o", program, "../cmd/satchel").CombinedOutput()
	require.NoError(f.t, err, string(out))
	var certificate bytes.Buffer
	require.NoError(f.t, f.owner.ErasureCertificate(testContext(f.t), e.ID, "json", &certificate))
	require.Contains(f.t, certificate.String(), sha256)
	verify := func(content string) (string, error) {
		f.t.Helper()
		require.NoError(f.t, os.WriteFile(name, []byte(content), 0o600))
		cmd := exec.CommandContext(f.t.Context(), program, "certificate", "verify", name, "--key", filepath.Join(filepath.Dir(local.SecretFile), "audit-public-key"))
		cmd.Env = []string{"HOME=" + dir}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	said, err := verify(certificate.String())
	require.NoError(f.t, err, said)
	require.Contains(f.t, said, f.ID)
	said, err = verify(strings.Replace(certificate.String(), sha256, strings.Repeat("0", 64), 1))
	require.Error(f.t, err, said)
}
