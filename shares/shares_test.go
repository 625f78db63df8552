package shares_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"satchel/files"
	"satchel/internal/fault"
	"satchel/policies/disclosure"
	"satchel/shares"
	"satchel/spaces"
	"satchel/tenancy"
)

func TestMembersHaveItAtOnceAndLoseItAtOnce(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.put(s.colleague, uuid.Nil, "plan.docx")
	require.False(t, s.sees(s.ada, file))
	made := s.mustShare(s.colleague, shares.New{Kind: shares.Members, Target: ofFile(file), With: members(s.ada, s.guardian)})
	require.Equal(t, shares.Open, made.Status)
	require.Nil(t, made.ExpiresAt)
	require.True(t, s.sees(s.ada, file))
	require.True(t, s.sees(s.guardian, file), "a parent has no personal space until something is shared")
	require.False(t, s.sees(s.ben, file))
	require.Equal(t, 2, s.count("notifications where kind = 'share.received'"))

	s.as(s.ada, func(ctx context.Context, tx *tenancy.Tx) error {
		page, err := shares.Received(ctx, tx, uuid.Nil, 10)
		require.Len(t, page, 1)
		list, e := shares.Recipients(ctx, tx, made.ID)
		require.Len(t, list, 1, "a recipient does not learn who else has it")
		return errors.Join(err, e)
	})
	s.as(s.colleague, func(ctx context.Context, tx *tenancy.Tx) error {
		done, err := shares.Revoke(ctx, tx, made.ID)
		require.True(t, done)
		return err
	})
	require.False(t, s.sees(s.ada, file))
	require.Zero(t, s.count("file_links"))
	require.Equal(t, shares.Revoked, s.status(made.ID))
	err := s.try(s.colleague, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := tx.Exec(ctx, "update shares set ended_at = null, ended_reason = ''")
		return err
	})
	requireCode(t, err, "share_is_over")
	s.as(s.colleague, func(ctx context.Context, tx *tenancy.Tx) error {
		done, err := shares.Revoke(ctx, tx, made.ID)
		require.False(t, done, "it had ended before")
		return err
	})
}

// TestTwoSharesAndALinkByHand: the end of one takes nothing from the others.
func TestTwoSharesAndALinkByHand(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.put(s.teacher, uuid.Nil, "sheet.pdf")
	one := s.mustShare(s.teacher, shares.New{Kind: shares.Classes, Target: ofFile(file), With: []shares.Person{{Class: s.class}}})
	two := s.mustShare(s.teacher, shares.New{Kind: shares.Classes, Permission: shares.Edit, Target: ofFile(file), With: []shares.Person{{Class: s.class}}})
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.LinkFile(ctx, tx, file, spaces.NewLink{Space: s.room, Level: "read"})
	})
	require.Equal(t, 3, s.count("file_links"))
	for i, id := range []uuid.UUID{one.ID, two.ID} {
		s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error { _, err := shares.Revoke(ctx, tx, id); return err })
		require.Equal(t, 2-i, s.count("file_links"))
		require.True(t, s.sees(s.ada, file))
	}
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error { return spaces.UnlinkFile(ctx, tx, file, s.room) })
	require.False(t, s.sees(s.ada, file))
}

// TestLinksOfSharesAreNotForPeopleToWrite: a link that a share made changes with the share alone.
func TestLinksOfSharesAreNotForPeopleToWrite(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.put(s.teacher, uuid.Nil, "sheet.pdf")
	s.mustShare(s.teacher, shares.New{Kind: shares.Members, Target: ofFile(file), With: members(s.ada)})
	for _, person := range []uuid.UUID{s.teacher, s.ada, s.admin} {
		s.as(person, func(ctx context.Context, tx *tenancy.Tx) error {
			for _, sql := range []string{"update file_links set level = 'edit'", "update file_links set ends_at = 'infinity'", "delete from file_links"} {
				tag, err := tx.Exec(ctx, sql)
				require.NoError(t, err)
				require.Zero(t, tag.RowsAffected(), sql)
			}
			return nil
		})
	}
	err := s.try(s.ada, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := tx.Exec(ctx, `insert into file_links (organization_id, file_id, space_id, share_id, added_by)
			select app.org(), $1, s.id, gen_random_uuid(), app.actor() from spaces s where s.owner_id = app.actor()`, file)
		return err
	})
	require.Equal(t, fault.Denied, fault.KindOf(err))
}

func TestWhatASharedFileIsNotSharedOn(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.put(s.teacher, uuid.Nil, "sheet.pdf")
	s.mustShare(s.teacher, shares.New{Kind: shares.Members, Permission: shares.Edit, Target: ofFile(file), With: members(s.colleague)})
	s.as(s.colleague, func(ctx context.Context, tx *tenancy.Tx) error {
		name := "better.pdf"
		return files.Update(ctx, tx, file, files.Change{Name: &name})
	})
	for _, n := range []shares.New{{Kind: shares.Link}, {Kind: shares.Members, With: members(s.ben)}} {
		n.Target = ofFile(file)
		_, err := s.share(s.colleague, n)
		requireCode(t, err, "share_not_allowed")
	}
	err := s.try(s.colleague, func(ctx context.Context, tx *tenancy.Tx) error {
		return spaces.LinkFile(ctx, tx, file, spaces.NewLink{Space: s.group, Level: "read"})
	})
	require.Equal(t, fault.Denied, fault.KindOf(err), "nor by a link")
}

func TestFoldersAndSpaces(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	folder := tenancy.NewID()
	s.as(s.colleague, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := spaces.CreateFolder(ctx, tx, spaces.NewFolder{ID: folder, Space: s.group, Name: "Openings", Mode: spaces.Shared})
		return err
	})
	file := s.put(s.colleague, s.group, "gambit.pdf")
	s.exec("update files set folder_id = $1 where id = $2", folder, file)
	made := s.mustShare(s.colleague, shares.New{Kind: shares.Classes, Permission: shares.Upload, Target: shares.Target{Folder: folder}, With: []shares.Person{{Class: s.class}}})
	require.True(t, s.sees(s.ben, file))
	require.Equal(t, 1, s.count("folder_links where level = 'add' and space_id = $1", s.room))
	s.as(s.colleague, func(ctx context.Context, tx *tenancy.Tx) error {
		p := shares.Edit
		_, err := shares.Update(ctx, tx, made.ID, shares.Change{Permission: &p})
		return err
	})
	require.Equal(t, 1, s.count("folder_links where level = 'edit'"))

	whole := s.mustShare(s.colleague, shares.New{Kind: shares.Members, Target: shares.Target{Space: s.group}, With: members(s.teacher)})
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
		sp, err := spaces.Get(ctx, tx, s.group)
		require.EqualValues(t, spaces.Reads, sp.MyLevel)
		return err
	})
	s.as(s.colleague, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := shares.Revoke(ctx, tx, whole.ID)
		return err
	})
	err := s.try(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error { _, err := spaces.Get(ctx, tx, s.group); return err })
	require.ErrorIs(t, err, spaces.ErrNoSpace)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	mine, trashed := s.put(s.teacher, uuid.Nil, "mine.pdf"), s.put(s.teacher, uuid.Nil, "old.pdf")
	s.exec("update files set trashed_at = now() where id = $1", trashed)
	work := s.put(s.ada, uuid.Nil, "essay.docx")
	pii := s.put(s.teacher, uuid.Nil, "addresses.csv")
	s.exec("update file_versions set contains_pii = true where file_id = $1", pii)
	secret := tenancy.NewID()
	s.as(s.colleague, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := spaces.Create(ctx, tx, spaces.New{ID: secret, Kind: spaces.Confidential, Name: "Counsel"})
		return err
	})
	hidden := s.put(s.colleague, secret, "notes.txt")
	past, far, future := time.Now().Add(-time.Hour), time.Date(9007, 1, 1, 0, 0, 0, 0, time.UTC), time.Now().Add(time.Hour)
	soon := time.Now().Add(time.Minute)
	zero, huge := int32(0), int32(1_000_001)
	link := func(n shares.New) shares.New {
		n.Kind = shares.Link
		if n.Target == (shares.Target{}) {
			n.Target = ofFile(mine)
		}
		return n
	}
	for name, c := range map[string]struct {
		who  uuid.UUID
		n    shares.New
		code string
	}{
		"no kind":                {s.teacher, shares.New{Target: ofFile(mine)}, "invalid_kind"},
		"no target":              {s.teacher, shares.New{Kind: shares.Link}, "invalid_target"},
		"two targets":            {s.teacher, link(shares.New{Target: shares.Target{File: mine, Space: s.room}}), "invalid_target"},
		"expiry in the past":     {s.teacher, link(shares.New{ExpiresAt: &past}), "invalid_expires_at"},
		"year of 2^53 ms":        {s.teacher, link(shares.New{ExpiresAt: &far}), "invalid_expires_at"},
		"start after the end":    {s.teacher, link(shares.New{StartsAt: &future, ExpiresAt: &soon}), "invalid_expires_at"},
		"0 downloads":            {s.teacher, link(shares.New{MaxDownloads: &zero}), "invalid_max_downloads"},
		"too many downloads":     {s.teacher, link(shares.New{MaxDownloads: &huge}), "invalid_max_downloads"},
		"short password":         {s.teacher, link(shares.New{Password: "short"}), "invalid_password"},
		"long label":             {s.teacher, link(shares.New{Label: strings.Repeat("ä", 201)}), "invalid_label"},
		"edit by link":           {s.teacher, link(shares.New{Permission: shares.Edit}), "invalid_permission"},
		"upload into a file":     {s.teacher, link(shares.New{Permission: shares.Upload}), "invalid_permission"},
		"view of a member":       {s.teacher, shares.New{Kind: shares.Members, Permission: shares.View, Target: ofFile(mine), With: members(s.ada)}, "invalid_permission"},
		"bounds of no drop box":  {s.teacher, link(shares.New{Bounds: shares.Bounds{MaxFiles: 3}}), "invalid_bounds"},
		"hostile extension":      {s.teacher, link(shares.New{Target: shares.Target{Space: s.room}, Permission: shares.Upload, Bounds: shares.Bounds{Accepted: []string{"../pdf"}}}), "invalid_bounds"},
		"link with people":       {s.teacher, link(shares.New{With: members(s.ada)}), "invalid_with"},
		"members without any":    {s.teacher, shares.New{Kind: shares.Members, Target: ofFile(mine)}, "invalid_with"},
		"the same twice":         {s.teacher, shares.New{Kind: shares.Members, Target: ofFile(mine), With: members(s.ada, s.ada)}, "invalid_with"},
		"with oneself":           {s.teacher, shares.New{Kind: shares.Members, Target: ofFile(mine), With: members(s.teacher)}, "unknown_recipient"},
		"with a stranger":        {s.teacher, shares.New{Kind: shares.Members, Target: ofFile(mine), With: members(s.ada, tenancy.NewID())}, "unknown_recipient"},
		"not an address":         {s.teacher, shares.New{Kind: shares.People, Target: ofFile(mine), With: []shares.Person{{Email: "a b@x"}}}, "invalid_email"},
		"somebody else's":        {s.ben, shares.New{Kind: shares.Members, Target: ofFile(mine), With: members(s.ada)}, "share_target_not_found"},
		"in the trash":           {s.teacher, link(shares.New{Target: ofFile(trashed)}), "share_target_trashed"},
		"a student outside":      {s.ada, link(shares.New{Target: ofFile(work)}), "share_not_allowed"},
		"a student to the staff": {s.ada, shares.New{Kind: shares.Members, Target: ofFile(work), With: members(s.colleague)}, "unknown_recipient"},
		"personal data by link":  {s.teacher, link(shares.New{Target: ofFile(pii)}), "not_disclosed"},
		"confidential outside":   {s.colleague, link(shares.New{Target: ofFile(hidden)}), "not_disclosed"},
		"confidential inside":    {s.colleague, shares.New{Kind: shares.Members, Target: ofFile(hidden), With: members(s.teacher)}, "not_disclosed"},
		"a space with a class":   {s.colleague, shares.New{Kind: shares.Classes, Target: shares.Target{Space: s.group}, With: []shares.Person{{Class: s.class}}}, "invalid_target"},
		"a space of a member":    {s.teacher, link(shares.New{Target: shares.Target{Space: s.group}}), "share_target_not_found"},
		"no such version":        {s.teacher, link(shares.New{Version: 7}), "version_not_found"},
	} {
		_, err := s.share(c.who, c.n)
		require.Error(t, err, name)
		require.Equal(t, c.code, fault.Of(err).Code, "%s: %v", name, err)
	}
	_, err := s.share(s.teacher, link(shares.New{ExpiresAt: &far}))
	require.NotContains(t, fault.Of(err).Text, "over already")
	require.Zero(t, s.count("shares"), "nothing is left of what was refused")
	s.mustShare(s.ada, shares.New{Kind: shares.Members, Target: ofFile(work), With: members(s.ben)})
	s.mustShare(s.teacher, shares.New{Kind: shares.People, Target: ofFile(pii), With: []shares.Person{{Email: "mum@home.example", Name: "Ms A"}}})
	s.mustShare(s.teacher, link(shares.New{Version: 1, Password: "correct horse"}))
}

func TestPoliciesOfTheOrganizationAndTheTier(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.put(s.teacher, uuid.Nil, "mine.pdf")
	work := s.put(s.teacher, s.room, "record.pdf")
	s.exec("insert into coppa_settings (organization_id, youngest_grade) values (app.org(), 9)") // links of a child's file are asked of the parents
	s.exec("update files set subject_id = $1 where id = $2", s.ada, work)
	link := shares.New{Kind: shares.Link, Target: ofFile(file)}
	policy := func(set string) {
		s.exec("insert into organization_policies (organization_id) values (app.org()) on conflict do nothing")
		s.exec("update organization_policies set " + set)
	}

	policy("share_password = true, share_days = 7")
	_, err := s.share(s.teacher, link)
	requireCode(t, err, "share_password_required")
	require.Equal(t, "passwords_required", fault.Of(err).Rule)
	link.Password = "correct horse"
	made := s.mustShare(s.teacher, link)
	require.WithinDuration(t, time.Now().Add(7*24*time.Hour), *made.ExpiresAt, time.Minute)
	long := time.Now().Add(8 * 24 * time.Hour)
	link.ExpiresAt = &long
	_, err = s.share(s.teacher, link)
	requireCode(t, err, "share_too_long")
	err = s.try(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := shares.Update(ctx, tx, made.ID, shares.Change{ExpiresAt: &long})
		return err
	})
	requireCode(t, err, "share_too_long")
	none := ""
	err = s.try(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := shares.Update(ctx, tx, made.ID, shares.Change{Password: &none})
		return err
	})
	requireCode(t, err, "share_password_required")

	drop := shares.New{Kind: shares.Link, Permission: shares.Upload, Target: shares.Target{Space: s.room}, Password: "correct horse"}
	s.mustShare(s.teacher, drop)
	policy("share_upload = false")
	_, err = s.share(s.teacher, drop)
	requireCode(t, err, "not_disclosed")
	require.Equal(t, "outside_upload_off", fault.Of(err).Rule)

	_, err = s.share(s.teacher, shares.New{Kind: shares.Link, Target: ofFile(work), Password: "correct horse"})
	require.Equal(t, "records_stay_inside", fault.Of(err).Rule)
	s.exec("insert into disclosure_rules (organization_id, way, class, allowed, rule) values (app.org(), 'link', 'education_record', true, 'agreed')")
	_, err = s.share(s.teacher, shares.New{Kind: shares.Link, Target: ofFile(work), Password: "correct horse"})
	requireCode(t, err, "disclosure_basis_required")
	s.mustShare(s.teacher, shares.New{Kind: shares.Link, Target: ofFile(work), Password: "correct horse", Purpose: disclosure.Purpose{Basis: "99.31(a)(2)", Interest: "the next school"}})

	policy("share_outside = false")
	require.Equal(t, shares.NotDisclose, s.status(made.ID), "what was given before is refused from now on")
	_, err = s.share(s.teacher, shares.New{Kind: shares.Link, Target: ofFile(file), Password: "correct horse"})
	require.Equal(t, "outside_shares_off", fault.Of(err).Rule)
	policy("share_outside = true")
	require.Equal(t, shares.Open, s.status(made.ID))
	_, err = s.Admin(t).Exec(t.Context(), "update tiers set share_outside = false")
	require.NoError(t, err)
	require.Equal(t, shares.NotDisclose, s.status(made.ID))
}

func TestWhatEndsAShare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause func(*school, uuid.UUID)
		want  shares.Status
	}{
		"the sharer leaves": {func(s *school, _ uuid.UUID) { s.exec("delete from members where user_id = $1", s.teacher) }, shares.SharerLeft},
		"the sharer is a parent": {func(s *school, _ uuid.UUID) {
			s.exec("update members set role = 'parent' where user_id = $1", s.teacher)
		}, shares.SharerDemoted},
		"the sharer is a student": {func(s *school, _ uuid.UUID) {
			s.exec("update members set role = 'student' where user_id = $1", s.teacher)
		}, shares.SharerDemoted},
		"the class goes on without": {func(s *school, _ uuid.UUID) {
			s.exec("update class_members set ends_at = now() where user_id = $1", s.teacher)
		}, shares.SharerDemoted},
		"the file is moved away":  {func(s *school, f uuid.UUID) { s.exec("update files set space_id = $1 where id = $2", s.group, f) }, shares.TargetMoved},
		"it becomes a record":     {func(s *school, f uuid.UUID) { s.exec("update files set subject_id = $1 where id = $2", s.ada, f) }, shares.TargetMoved},
		"the staff alone read it": {func(s *school, f uuid.UUID) { s.exec("update files set needs = 3 where id = $1", f) }, shares.TargetMoved},
		"the file is deleted": {func(s *school, f uuid.UUID) {
			s.exec("update files set current_id = null, head_id = null where id = $1", f)
			s.exec("delete from file_versions where file_id = $1", f)
			s.exec("delete from files where id = $1", f)
		}, shares.TargetDeleted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchool(t)
			file := s.put(s.teacher, s.room, "sheet.pdf")
			link := s.mustShare(s.teacher, shares.New{Kind: shares.Link, Target: ofFile(file)})
			named := s.mustShare(s.teacher, shares.New{Kind: shares.People, Target: ofFile(file), With: []shares.Person{{Email: "a@else.example"}}})
			inside := s.mustShare(s.teacher, shares.New{Kind: shares.Members, Target: ofFile(file), With: members(s.guardian)})
			c.cause(s, file)
			require.Equal(t, c.want, s.status(link.ID))
			require.Equal(t, c.want, s.status(named.ID))
			require.Zero(t, s.count("share_recipients where email is not null"), "the address is forgotten")
			if name != "it becomes a record" && name != "the sharer is a student" { // both may be within the school
				require.Equal(t, c.want, s.status(inside.ID))
				require.Zero(t, s.count("file_links where share_id = $1", inside.ID))
			}
		})
	}
}

func TestClassesAndRecipientsThatGo(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.put(s.teacher, uuid.Nil, "sheet.pdf")
	toClass := s.mustShare(s.teacher, shares.New{Kind: shares.Classes, Target: ofFile(file), With: []shares.Person{{Class: s.class}}})
	toBoth := s.mustShare(s.teacher, shares.New{Kind: shares.Members, Target: ofFile(file), With: members(s.ada, s.guardian)})
	s.exec("update classes set state = 'archived' where id = $1", s.class)
	require.Equal(t, shares.ClassDeleted, s.status(toClass.ID))
	require.False(t, s.sees(s.ben, file))
	s.exec("update classes set state = 'active' where id = $1", s.class)
	require.False(t, s.sees(s.ben, file), "a share does not come back with the class")

	s.exec("delete from members where user_id = $1", s.guardian)
	require.Equal(t, shares.Open, s.status(toBoth.ID))
	s.exec("insert into members (organization_id, user_id, role) values (app.org(), $1, 'parent')", s.guardian)
	require.False(t, s.sees(s.guardian, file), "nor with the person")
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
		list, err := shares.Recipients(ctx, tx, toBoth.ID)
		require.NoError(t, err)
		for _, r := range list {
			if *r.User == s.ada {
				return shares.RemoveRecipient(ctx, tx, toBoth.ID, r.ID)
			}
		}
		return errors.New("ada is not among the recipients")
	})
	require.Equal(t, shares.RecipientsLeft, s.status(toBoth.ID))
	require.Zero(t, s.count("file_links"))
}

func TestTrashIsNoEnd(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.put(s.teacher, uuid.Nil, "sheet.pdf")
	made := s.mustShare(s.teacher, shares.New{Kind: shares.Link, Target: ofFile(file)})
	s.exec("update files set trashed_at = now() where id = $1", file)
	require.Equal(t, shares.Trashed, s.status(made.ID))
	s.exec("update files set trashed_at = null where id = $1", file)
	require.Equal(t, shares.Open, s.status(made.ID))
}

// TestASubstitutesShareEndsWithThem: no person gives for longer than they have.
func TestASubstitutesShareEndsWithThem(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	ends := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	s.as(s.admin, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := spaces.Give(ctx, tx, spaces.NewGrant{ID: tenancy.NewID(), Space: s.room, User: s.colleague, Level: spaces.Staffs, Via: spaces.Substitute, EndsAt: &ends})
		return err
	})
	file := s.put(s.teacher, s.room, "sheet.pdf")
	made := s.mustShare(s.colleague, shares.New{Kind: shares.Members, Target: ofFile(file), With: members(s.guardian)})
	require.WithinDuration(t, ends, *made.ExpiresAt, 0)
	s.as(s.admin, func(ctx context.Context, tx *tenancy.Tx) error {
		_, err := tx.Exec(ctx, "update space_grants set ends_at = now() + interval '1 hour' where via = 'substitute'")
		return err
	})
	require.Equal(t, 1, s.count("file_links where share_id = $1 and ends_at < now() + interval '2 hours'", made.ID), "it is shortened with them")
	s.exec("update space_grants set ends_at = now() where via = 'substitute'")
	require.Equal(t, shares.SharerDemoted, s.status(made.ID))
}

func TestWhoManagesAShare(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.put(s.teacher, uuid.Nil, "mine.pdf")
	made := s.mustShare(s.teacher, shares.New{Kind: shares.Link, Target: ofFile(file)})
	for person, sees := range map[uuid.UUID]bool{s.teacher: true, s.admin: true, s.owner: true, s.colleague: false, s.ada: false, s.guardian: false} {
		err := s.try(person, func(ctx context.Context, tx *tenancy.Tx) error { _, err := shares.Get(ctx, tx, made.ID); return err })
		require.Equal(t, sees, err == nil, s.roles[person])
	}
	label := "x"
	err := s.try(s.admin, func(ctx context.Context, tx *tenancy.Tx) error {
		later := time.Now().Add(60 * 24 * time.Hour)
		_, err := shares.Update(ctx, tx, made.ID, shares.Change{Label: &label, ExpiresAt: &later})
		return err
	})
	requireCode(t, err, "share_not_allowed")
	err = s.try(s.colleague, func(ctx context.Context, tx *tenancy.Tx) error { _, err := shares.Revoke(ctx, tx, made.ID); return err })
	require.NoError(t, err)
	require.Equal(t, shares.Open, s.status(made.ID), "what one does not see one does not end")
	s.as(s.admin, func(ctx context.Context, tx *tenancy.Tx) error {
		page, err := shares.Outside(ctx, tx, uuid.Nil, 10)
		require.Len(t, page, 1)
		done, e := shares.Revoke(ctx, tx, made.ID)
		require.True(t, done, "an admin ends what leaves the school")
		return errors.Join(err, e)
	})
	s.as(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
		for _, column := range []string{"token_hash", "password_hash"} {
			_, err := tx.Exec(ctx, "savepoint s")
			require.NoError(t, err)
			_, err = tx.Exec(ctx, "select "+column+" from shares")
			require.Error(t, err, "no one reads %s", column)
			_, err = tx.Exec(ctx, "rollback to savepoint s")
			require.NoError(t, err)
		}
		return nil
	})
}

// TestChangesAndTheEndAtOnce: however a change and the end interleave, the share stays
// ended and gives nothing.
func TestChangesAndTheEndAtOnce(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	file := s.put(s.teacher, uuid.Nil, "sheet.pdf")
	for range 10 {
		made := s.mustShare(s.teacher, shares.New{Kind: shares.Members, Target: ofFile(file), With: members(s.ada)})
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				err := s.try(s.teacher, func(ctx context.Context, tx *tenancy.Tx) error {
					if i == 3 {
						_, err := shares.Revoke(ctx, tx, made.ID)
						return err
					}
					p, later := shares.Edit, time.Now().Add(time.Hour)
					_, err := shares.Update(ctx, tx, made.ID, shares.Change{Permission: &p, ExpiresAt: &later, Add: members([]uuid.UUID{s.ben, s.guardian, s.colleague, s.owner, s.admin, s.ben}[i])})
					return err
				})
				if err != nil && !errors.Is(err, shares.ErrEnded) && !errors.Is(err, shares.ErrRecipient) {
					t.Errorf("change %d: %v", i, err)
				}
			})
		}
		all.Wait()
		require.Equal(t, shares.Revoked, s.status(made.ID))
		require.Zero(t, s.count("file_links where share_id = $1", made.ID))
		require.Zero(t, s.count("share_recipients where share_id = $1 and ended_at is null", made.ID))
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	hash := shares.HashPassword("correct horse")
	require.True(t, strings.HasPrefix(hash, "$argon2id$v=19$"))
	require.True(t, shares.CheckPassword(hash, "correct horse"))
	require.NotEqual(t, hash, shares.HashPassword("correct horse"), "each has a salt of its own")
	for _, wrong := range []string{"", "correct hors", "correct horse ", "Correct horse"} {
		require.False(t, shares.CheckPassword(hash, wrong))
	}
	for _, broken := range []string{"", "x", "$argon2id$", "$argon2id$v=19$m=99999999,t=3,p=1$AA$AA", "$argon2i" + hash[9:], hash[:len(hash)-4], strings.Replace(hash, "t=3", "t=0", 1)} {
		require.False(t, shares.CheckPassword(broken, "correct horse"), broken)
	}
}

func TestTokensAreLongAndKeptAsHashes(t *testing.T) {
	t.Parallel()
	token, hash := shares.NewToken()
	require.Len(t, token, 43, "32 bytes")
	require.Equal(t, hash, shares.Hash(token))
	other, _ := shares.NewToken()
	require.NotEqual(t, token, other)
	require.Equal(t, "https://files.example/s/"+token, shares.URL("https://files.example", token))
}
