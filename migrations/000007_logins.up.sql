-- How people sign in: what an organization says of its logins, and those that wait
-- for an admin.

-- What an address names: issuers and subjects hold slashes.
alter table logins add column id uuid not null default gen_random_uuid();
alter table logins add constraint logins_id unique (id);

-- Names are found whatever their case and form (UAX #15, NFC). PostgreSQL before 18
-- has lower case and no case folding: ß, final sigma and the dot of a capital İ are
-- folded by hand. app.name_key does the same to what is looked for.
alter table people add column name_key text not null generated always as (
    translate(replace(lower(normalize(display_name, NFC) collate "und-x-icu"), 'ß', 'ss'), E'ς\u0307', 'σ')) stored;
create index people_by_key on people (organization_id, name_key, user_id);
drop index people_by_name;
-- The rules of linking look for the person of a claim.
create index people_by_sourced_id on people (organization_id, sourced_id) where sourced_id is not null;
create index people_by_identifier on people using gin (identifiers);

-- What an organization believes about its people: tokens of an issuer that carry
-- this tenant (a domain of Google, a directory of Microsoft). A rule does nothing
-- before an operator has confirmed that the tenant is the organization's.
create table login_rules (
    organization_id     uuid not null references organizations (id),
    id                  uuid not null,
    issuer              text not null check (length(issuer) between 1 and 500),
    tenant_claim        text not null check (tenant_claim in ('hd', 'tid')),
    tenant_value        text not null check (length(tenant_value) between 1 and 255 and tenant_value = lower(tenant_value)),
    person_claim        text not null default '' check (length(person_claim) <= 100), -- equals sourced_id or an identifier; '': none
    may_verify_email    boolean not null default false, -- a verified address finds a student or a member of the staff
    may_verify_username boolean not null default false, -- so does preferred_username
    jit_role            text check (jit_role in ('student', 'teacher')), -- of anyone who matches no person; null: they wait
    created_by          uuid references users (id),
    created_at          timestamptz not null default now(),
    confirmed_by        uuid references users (id), -- the operator
    confirmed_at        timestamptz,
    primary key (organization_id, id),
    unique (organization_id, issuer, tenant_claim, tenant_value),
    constraint confirmed_by_someone check ((confirmed_at is null) = (confirmed_by is null))
);
-- Of the confirmed ones, app.login_rule_confirm lets one organization have a tenant.
create index login_rules_confirmed on login_rules (issuer, tenant_claim, tenant_value) where confirmed_at is not null;

-- Logins of the organization's tenants that no rule could link. The name that the
-- issuer shows is kept for the admin who decides, and forgotten then.
create table login_requests (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    issuer          text not null check (length(issuer) between 1 and 500),
    subject         text not null check (length(subject) between 1 and 255),
    shown_name      text not null default '' check (length(shown_name) <= 200),
    reason          text not null check (reason in ('no_person', 'several_people', 'person_taken', 'guardian', 'over_seats', 'not_active', 'unlinked')),
    candidates      uuid[] not null default '{}' check (cardinality(candidates) <= 20),
    state           text not null default 'waiting' check (state in ('waiting', 'linked', 'dismissed')),
    user_id         uuid references users (id), -- the person who has it now
    decided_by      uuid references users (id), -- null: a rule
    decided_at      timestamptz,
    created_at      timestamptz not null default now(),
    seen_at         timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, issuer, subject),
    constraint decided_forgets_name check ((state = 'waiting') = (decided_at is null) and (state = 'waiting' or shown_name = '')),
    constraint linked_to_someone check ((state = 'linked') = (user_id is not null))
);
create index login_requests_waiting on login_requests (organization_id, id) where state = 'waiting';
create index login_requests_seen on login_requests (seen_at) where state = 'waiting';

-- An invitation may be for a person who is there already.
alter table invitations add column person_id uuid;
alter table invitations add constraint invitations_person foreign key (organization_id, person_id) references people (organization_id, user_id);

-- A guardian is a person of any role, and need not have signed in: links are between
-- users. The code removes them with the person's place in the organization.
alter table guardianships drop constraint guardianships_organization_id_parent_id_fkey;
alter table guardianships drop constraint guardianships_organization_id_student_id_fkey;
alter table guardianships add constraint guardianships_parent foreign key (parent_id) references users (id);
alter table guardianships add constraint guardianships_student foreign key (student_id) references users (id);
