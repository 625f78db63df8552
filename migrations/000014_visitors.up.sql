-- What visitors do with shares: downloads that are counted exactly, and what they drop.

-- How many requests of a download are being answered. A download is given back only when
-- none is, so that parallel ranges are judged together.
alter table share_downloads add column open_requests integer not null default 0 check (open_requests >= 0);

-- One file that a visitor dropped. dropper is in the ticket that the visitor keeps, and
-- shows them what they dropped, and no one else's. What has ended counts no more.
create table share_drops (
    organization_id uuid not null,
    share_id        uuid not null,
    version_id      uuid not null,
    file_id         uuid not null,
    dropper         uuid not null,
    recipient_id    uuid,           -- of a named person outside
    giver           text not null default '' check (length(giver) <= 100), -- the name that the visitor gave
    bytes           bigint not null check (bytes >= 0), -- that count now
    counts          boolean not null default true,
    created_at      timestamptz not null default now(),
    primary key (organization_id, share_id, version_id),
    foreign key (organization_id, share_id) references shares (organization_id, id) on delete cascade,
    foreign key (organization_id, version_id) references file_versions (organization_id, id) on delete cascade
);
create index share_drops_by_version on share_drops (organization_id, version_id);
create index share_drops_by_dropper on share_drops (organization_id, share_id, dropper, version_id);
