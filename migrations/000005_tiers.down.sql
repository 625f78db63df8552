alter table organizations drop column allowed_origins, drop column reads_while_suspended, drop column contact_email,
    drop constraint organizations_tier_fkey;
alter table storage_quotas drop column max_bytes_set, drop column max_file_size_set;
drop table tiers;
