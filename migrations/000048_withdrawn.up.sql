-- A consent that is withdrawn begins an erasure by itself: of what is here by it alone. Its id is that of
-- the decision, its target the child; of one child there may be several, of which a hold keeps one open.
alter table erasures
    drop constraint erasures_scope_check,
    add constraint erasures_scope_check check (scope in ('file', 'person', 'consent', 'organization'));
alter table erasure_items
    drop constraint erasure_items_reason_check,
    add constraint erasure_items_reason_check check (reason in ('', 'other_people', 'sent_to_a_file_of_others', 'kept_until', 'other_basis'));
drop index erasures_once;
create unique index erasures_once on erasures (organization_id, scope, target_id) where state <> 'certified' and scope <> 'consent';
