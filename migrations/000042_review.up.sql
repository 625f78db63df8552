-- Which version of a record was looked at when it was decided what of a request becomes of it: a
-- decision is about that version alone. Null: it is not known, and what tells of others waits again.
alter table access_request_files add column version_id uuid;

-- Why a share may give education records to people outside: the ground of 34 CFR 99.31 and the
-- legitimate interest of the other side (99.32(a)(3)). Of the shares that are there already it is
-- what was written down with the first of their parties. The owner of the schema is bound by the
-- rules of tables too.
alter table shares
    add column disclosure_basis text not null default '' check (disclosure_basis ~ '^(99\.[0-9]{2}[a-zA-Z0-9()]{0,20})?$'),
    add column disclosure_interest text not null default '' check (length(disclosure_interest) <= 500);
alter table shares no force row level security;
alter table disclosures no force row level security;
update shares s set disclosure_basis = d.basis, disclosure_interest = d.interest
  from (select distinct on (organization_id, share_id) organization_id, share_id, basis, interest from disclosures
         where share_id is not null and outcome = 'opened' and basis <> '' order by organization_id, share_id, id) d
 where d.organization_id = s.organization_id and d.share_id = s.id;
alter table shares force row level security;
alter table disclosures force row level security;
