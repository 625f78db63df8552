-- What each subscription tier allows, as data: an operator's PUT changes it for
-- every organization of the tier at once.
create table tiers (
    name                text primary key check (name ~ '^[a-z][a-z0-9_]{0,49}$'),
    max_members         integer not null check (max_members > 0),
    max_bytes           bigint not null check (max_bytes >= 0),
    max_file_size       bigint not null check (max_file_size > 0),
    requests_per_minute integer not null check (requests_per_minute > 0),
    concurrent_uploads  integer not null check (concurrent_uploads > 0),
    concurrent_scans    integer not null check (concurrent_scans > 0),
    renditions          boolean not null,
    features            text[] not null default '{}',
    updated_at          timestamptz not null default now()
);
insert into tiers (name, max_members, max_bytes, max_file_size, requests_per_minute, concurrent_uploads, concurrent_scans, renditions, features) values
    ('free',            50,   10::bigint << 30,  5::bigint << 30,    600,   20,  2, true, '{}'),
    ('basic',          500,  100::bigint << 30,  5::bigint << 30,   1200,   50,  4, true, '{}'),
    ('professional',  5000,    1::bigint << 40,  5::bigint << 30,   6000,  200,  8, true, '{api_keys,audit_export}'),
    ('enterprise',  100000,   10::bigint << 40,  5::bigint << 30,  30000, 1000, 16, true, '{api_keys,audit_export}'),
    ('platform',      1000,                  0,                1,  30000,    1,  1, false, '{}');

update organizations set tier = 'free' where tier not in (select name from tiers);
alter table organizations add foreign key (tier) references tiers (name);

-- An organization's limits follow its tier unless an operator set them for it.
alter table storage_quotas
    add column max_bytes_set     boolean not null default true,
    add column max_file_size_set boolean not null default true;

alter table organizations
    add column allowed_origins       text[] not null default '{}',  -- of web pages that may call the API for it
    add column reads_while_suspended boolean not null default true,
    add column contact_email         text not null default '' check (length(contact_email) <= 254);
