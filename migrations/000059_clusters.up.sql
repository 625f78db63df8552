-- The directory: where the organizations are that are in another cluster than this one, and which logins are known
-- there. With one cluster its tables are empty. Only functions of policies/rls reach them.

-- No row: the organization is in this cluster, if anywhere. Slugs are unique over all clusters.
create table organization_places (
    id      uuid primary key, -- of the organization
    slug    text not null unique,
    cluster text not null check (cluster ~ '^[a-z][a-z0-9-]{0,30}$'),
    setup   jsonb, -- what is needed to make its rows there; null: they were made
    removed jsonb, -- in the cluster of the organization: how many rows of each table were removed, until the directory knows
    made_at timestamptz not null default now()
);
create index organization_places_pending on organization_places (id) where setup is not null;

-- A row lets that cluster be asked about the login. What the login is there, its own rows say.
create table login_places (
    issuer  text not null,
    subject text not null,
    cluster text not null check (cluster ~ '^[a-z][a-z0-9-]{0,30}$'),
    made_at timestamptz not null default now(),
    primary key (issuer, subject, cluster)
);
create index login_places_by_cluster on login_places (cluster, issuer, subject);

-- Which database a name of a cluster is, from when the first organization is made in it: another one under that name is
-- refused, and so is the same one under another name.
create table cluster_identities (
    cluster  text primary key check (cluster ~ '^[a-z][a-z0-9-]{0,30}$'),
    identity text not null unique, -- the server's system identifier and the database's oid
    made_at  timestamptz not null default now()
);
