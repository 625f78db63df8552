-- Documents that were made from the text of a file that an erasure erased, and became files of their own. They stay,
-- and the certificate names them: a person decides whether they tell of what is gone. The rows are ids: who made what of
-- which file is not to be seen any more when the file is gone.
create table erasure_derived (
    organization_id uuid not null,
    erasure_id      uuid not null,
    file_id         uuid not null, -- the document
    source_id       uuid not null, -- what was erased
    noted_at        timestamptz not null default now(),
    primary key (organization_id, erasure_id, file_id, source_id),
    foreign key (organization_id, erasure_id) references erasures (organization_id, id) on delete cascade
);
