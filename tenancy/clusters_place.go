package tenancy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"
)

// What is written in two clusters: no transaction spans them, so the directory's row comes first, and what is
// behind it may be done again.

// settlement is what an organization's rows in its cluster are made from.
type settlement struct {
	Org     OrgID           `db:"organization_id"`
	Cluster string          `db:"cluster"`
	Slug    string          `db:"slug"`
	Setup   json.RawMessage `db:"setup"`
}

const placesPage = 100

// beginElsewhere notes in the directory, in the caller's transaction of the platform, in which cluster an
// organization is to be. SettleOrganization makes its rows there.
func beginElsewhere(ctx context.Context, tx *Tx, n NewOrganization) error {
	if !slices.Contains(tx.db.Clusters(), n.Cluster) {
		return ErrNoCluster
	}
	setup, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("begin organization: %w", err)
	}
	var ok bool
	if err := tx.QueryRow(ctx, "select app.organization_place_add($1, $2, $3, $4)", n.ID, n.Slug, n.Cluster, setup).Scan(&ok); err != nil {
		return fmt.Errorf("begin organization: %w", err)
	}
	if !ok {
		return ErrSlugTaken
	}
	if n.Owner != nil { // their own login stays until the organization is made, whatever else they leave
		if _, err := tx.Exec(ctx, "select app.login_place_add(l.issuer, l.subject, $2) from app.user_login($1) l", *n.Owner, n.Cluster); err != nil {
			return fmt.Errorf("begin organization: %w", err)
		}
	}
	return nil
}

// SettleOrganizations makes the rows of organizations in their clusters that the directory has promised, and
// gives every cluster the tiers as they are. One that fails is tried again by the next call.
func (d *DB) SettleOrganizations(ctx context.Context) error {
	c := d.pools.clusters
	if c == nil {
		return nil
	}
	failed := d.CopyTiers(ctx)
	pending := map[string][]settlement{}
	var after OrgID
	for {
		found, err := systemQueryAt[settlement](ctx, c.directory, "select organization_id, cluster, slug, setup from app.organization_places_pending($1, $2)", after, placesPage)
		if err != nil {
			return errors.Join(failed, err)
		}
		if len(found) == 0 {
			break
		}
		for _, s := range found {
			after = s.Org
			pending[s.Cluster] = append(pending[s.Cluster], s)
		}
	}
	for _, those := range pending {
		failed = errors.Join(failed, c.settleAll(ctx, those))
	}
	return failed
}

// settleAll settles those of one cluster, for as long as a cluster may take.
func (c *clusters) settleAll(ctx context.Context, those []settlement) (failed error) {
	ctx, stop := context.WithTimeout(ctx, clusterAnswer)
	defer stop()
	for _, s := range those {
		failed = errors.Join(failed, c.settle(ctx, s))
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

// SettleOrganization makes the rows of one, if they are still to be made.
func (d *DB) SettleOrganization(ctx context.Context, org OrgID) error {
	c := d.pools.clusters
	if c == nil {
		return nil
	}
	name, err := c.place(ctx, org)
	if err != nil || name == "" {
		return err
	}
	if err := d.copyTiers(ctx, []string{name}); err != nil {
		return err
	}
	found, err := systemQueryAt[settlement](ctx, c.directory, "select organization_id, cluster, slug, setup from app.organization_places_pending($1, 1)", before(org))
	if err != nil || len(found) == 0 || found[0].Org != org {
		return err
	}
	return c.settle(ctx, found[0])
}

// before is the id in front of another one.
func before(org OrgID) OrgID {
	for i := len(org) - 1; i >= 0; i-- {
		org[i]--
		if org[i] != 0xff {
			break
		}
	}
	return org
}

func (c *clusters) settle(ctx context.Context, s settlement) error {
	at := c.further[s.Cluster]
	if at == nil {
		return errClusterGone
	}
	var n NewOrganization
	if err := json.Unmarshal(s.Setup, &n); err != nil {
		return fmt.Errorf("read what an organization is made from: %w", err)
	}
	if err := c.keep(ctx, s.Cluster); err != nil {
		return err
	}
	if n.Owner != nil {
		owner, err := c.copyUser(ctx, s.Cluster, *n.Owner)
		if err != nil {
			return err
		}
		n.Owner = &owner
	}
	n.Cluster = ""
	if err := at.InTx(ctx, Platform, func(tx *Tx) error { return BeginOrganization(ctx, tx, n) }); err != nil {
		return err
	}
	_, err := c.directory.pool.Exec(ctx, "select app.organization_place_settled($1)", s.Org)
	return translate(err)
}

// CopyTiers gives every cluster the tiers as the directory has them.
func (d *DB) CopyTiers(ctx context.Context) error { return d.copyTiers(ctx, d.Clusters()) }

func (d *DB) copyTiers(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	tiers, err := d.Tiers(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		err = errors.Join(err, putTiers(ctx, d.pools.clusters.further[name], tiers))
	}
	return err
}

// putTiers puts those that differ: to put one writes the limits of every organization in it.
func putTiers(ctx context.Context, at *DB, tiers []Tier) error {
	ctx, stop := context.WithTimeout(ctx, clusterAnswer)
	defer stop()
	there, err := at.Tiers(ctx)
	if err != nil {
		return err
	}
	for _, t := range tiers {
		if slices.ContainsFunc(there, func(o Tier) bool { o.UpdatedAt = t.UpdatedAt; return reflect.DeepEqual(o, t) }) {
			continue
		}
		if err := PutTier(ctx, at.Single(Platform), t); err != nil {
			return err
		}
	}
	return nil
}

// EnsureUserOf is EnsureUser for a person who is to be in an organization: its cluster has the user then,
// and is asked about the login.
func (d *DB) EnsureUserOf(ctx context.Context, org OrgID, issuer, subject string) (uuid.UUID, error) {
	user, err := d.EnsureUser(ctx, issuer, subject)
	if err != nil {
		return user, err
	}
	name, err := d.elsewhere(ctx, org)
	if err != nil || name == "" {
		return user, err
	}
	return d.pools.clusters.copyLogin(ctx, name, user, issuer, subject)
}

// copyLogin lets a cluster be asked about a login, and then has the login's own user there.
func (c *clusters) copyLogin(ctx context.Context, name string, user uuid.UUID, issuer, subject string) (uuid.UUID, error) {
	at := c.further[name]
	if at == nil {
		return user, errClusterGone
	}
	if err := c.placeLogin(ctx, name, issuer, subject); err != nil {
		return user, err
	}
	err := at.pool.QueryRow(ctx, "select app.user_copy($1, $2, $3)", user, issuer, subject).Scan(&user)
	return user, translate(err)
}

// copyUser has a user of the directory in a cluster, with the login that it was made for. It gives the user of that
// login there, which is another one where the directory has the login a second time.
func (c *clusters) copyUser(ctx context.Context, name string, user uuid.UUID) (uuid.UUID, error) {
	found, err := systemQueryAt[loginName](ctx, c.directory, "select issuer, subject from app.user_login($1)", user)
	if err != nil {
		return user, err
	}
	if len(found) != 1 {
		return user, fmt.Errorf("user %s has no login of their own", user)
	}
	return c.copyLogin(ctx, name, user, found[0].Issuer, found[0].Subject)
}

// KnowOperator has the id of somebody of the platform in the cluster of an organization, for rows that say
// who did something.
func (d *DB) KnowOperator(ctx context.Context, org OrgID, user uuid.UUID) error {
	at, err := d.of(ctx, org)
	if err != nil || d.pools.clusters == nil || at.pools == d.pools {
		return err
	}
	_, err = at.pools.organization.Exec(ctx, "select app.user_copy($1, '', '')", user)
	return translate(err)
}

// PlaceLogin lets the cluster of an organization be asked about a login. It is called before a login is linked to a
// person: what is left of one that was not made lets the cluster be asked for nothing.
func (d *DB) PlaceLogin(ctx context.Context, org OrgID, issuer, subject string) error {
	name, err := d.elsewhere(ctx, org)
	if err != nil || name == "" {
		return err
	}
	return d.pools.clusters.placeLogin(ctx, name, issuer, subject)
}

func (c *clusters) placeLogin(ctx context.Context, name, issuer, subject string) error {
	_, err := c.directory.pool.Exec(ctx, "select app.login_place_add($1, $2, $3)", issuer, subject, name)
	return translate(err)
}

// PlaceLogin is DB.PlaceLogin inside a transaction of the organization.
func PlaceLogin(ctx context.Context, tx *Tx, issuer, subject string) error {
	return tx.db.PlaceLogin(ctx, tx.org, issuer, subject)
}

// TenantElsewhere says whether an organization of any cluster but the one of tx has the tenant of a login
// rule confirmed; that of tx its own row says.
func TenantElsewhere(ctx context.Context, tx *Tx, issuer, claim, value string) (bool, error) {
	if tx.db.pools.clusters == nil {
		return false, nil
	}
	domain, directory := value, ""
	if claim == "tid" {
		domain, directory = "", value
	}
	rules, err := everywhere[LoginRule](ctx, tx.db, "select organization_id, id, person_claim, may_verify_email, may_verify_username, jit_role from app.login_rules_of($1, $2, $3)", issuer, domain, directory)
	return slices.ContainsFunc(rules, func(r LoginRule) bool { return r.Org != tx.org }), err
}

// loginsAtOnce are compared by one run of ForgetLogins in each cluster.
const loginsAtOnce = 500

type loginName struct{ Issuer, Subject string }

// ForgetLogins removes from the directory what it has of logins that a cluster does not know any more, as when
// a person's last organization there is gone. A run compares the next page of each cluster. Those that
// were noted less long ago than older may be on their way there.
func (d *DB) ForgetLogins(ctx context.Context, older time.Duration) error {
	c := d.pools.clusters
	if c == nil {
		return nil
	}
	var failed error
	for _, name := range c.names {
		failed = errors.Join(failed, c.forgetLogins(ctx, name, older))
	}
	return failed
}

// forgetLogins believes the database alone that the directory knows by this name: another one knows none of the logins.
func (c *clusters) forgetLogins(ctx context.Context, name string, older time.Duration) error {
	ctx, stop := context.WithTimeout(ctx, clusterAnswer)
	defer stop()
	if err := c.identities.load(ctx); err != nil {
		return err
	}
	after, _ := c.compared.Load(name)
	last, _ := after.(loginName)
	page, err := systemQueryAt[loginName](ctx, c.directory, "select issuer, subject from app.login_places_page($1, $2, $3, $4, $5)", name, older, last.Issuer, last.Subject, loginsAtOnce)
	if err != nil {
		return err
	}
	issuers, subjects := make([]string, len(page)), make([]string, len(page))
	for i, l := range page {
		issuers[i], subjects[i] = l.Issuer, l.Subject
	}
	gone, err := systemQueryAt[loginName](ctx, c.further[name], "select issuer, subject from app.logins_unknown($1, $2) where $3 = ("+identityQuery+")", issuers, subjects, c.identities.of(name))
	if err != nil {
		return err
	}
	for _, l := range gone {
		if _, err := c.directory.pool.Exec(ctx, "select app.login_place_forget($1, $2, $3, $4)", l.Issuer, l.Subject, name, older); err != nil {
			return translate(err)
		}
	}
	c.compared.Delete(name)
	if len(page) == loginsAtOnce {
		c.compared.Store(name, page[len(page)-1])
	}
	return nil
}

// loginPlaces gives the databases that may know a login, the directory's first.
func (c *clusters) loginPlaces(ctx context.Context, issuer, subject string) ([]*DB, error) {
	found, err := systemQueryAt[struct{ Cluster string }](ctx, c.directory, "select cluster from app.login_places($1, $2)", issuer, subject)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = f.Cluster
	}
	dbs := c.all(names)
	if len(dbs) != 1+len(names) {
		return dbs, errClusterGone
	}
	return dbs, nil
}

// memberships are those of a login in the clusters that know it. Where one does not answer, there are
// those of the others with a PartlyError.
func (c *clusters) memberships(ctx context.Context, issuer, subject string) ([]Membership, error) {
	dbs, gone := c.loginPlaces(ctx, issuer, subject)
	if len(dbs) == 0 {
		return nil, gone
	}
	found, err := across(ctx, dbs, func(ctx context.Context, one *DB) ([]Membership, error) {
		return systemQueryAt[Membership](ctx, one, "select "+one.membershipColumns()+" from app.memberships($1, $2)", issuer, subject)
	})
	if gone != nil && err == nil {
		err = &PartlyError{gone}
	}
	return slices.Concat(found...), err
}

// personPlaces are those of all clusters that know the login. A row without an organization is that of a
// person who belongs nowhere.
func (c *clusters) personPlaces(ctx context.Context, sql, issuer, subject string) ([]OrganizationMembership, error) {
	dbs, err := c.loginPlaces(ctx, issuer, subject)
	if err != nil {
		return nil, err
	}
	found, err := across(ctx, dbs, func(ctx context.Context, one *DB) ([]OrganizationMembership, error) {
		return systemQueryAt[OrganizationMembership](ctx, one, sql, issuer, subject)
	})
	if err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// deleteElsewhere removes the rows of an organization of another cluster, which commits at once and counts
// them again when it is repeated, and forgets in the caller's transaction where it was.
func deleteElsewhere(ctx context.Context, tx *Tx, name string, org OrgID) (map[string]int64, error) {
	c := tx.db.pools.clusters
	at := c.further[name]
	if at == nil {
		return nil, errClusterGone
	}
	var counts map[string]int64
	if err := at.pool.QueryRow(ctx, "select app.organization_delete_elsewhere($1)", org).Scan(&counts); err != nil {
		return nil, translate(fmt.Errorf("delete the rows of an organization: %w", err))
	}
	var removed bool
	if err := tx.QueryRow(ctx, "select app.organization_place_remove($1)", org).Scan(&removed); err != nil {
		return nil, fmt.Errorf("forget where an organization was: %w", err)
	}
	if !removed {
		return nil, nil
	}
	if counts == nil {
		counts = map[string]int64{} // it was promised, and its rows were never made
	}
	AfterCommit(tx, func() {
		c.places.Drop(org)
		if _, err := at.pool.Exec(context.WithoutCancel(ctx), "select app.organization_removed($1)", org); err != nil {
			slog.WarnContext(ctx, "the counts of an organization that is gone stay in its cluster", "org", org.String(), "error", err)
		}
	})
	return counts, nil
}
