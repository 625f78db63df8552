-- Of all organizations, as it is of one: without it the failed jobs of a kind that has none are found
-- by reading every job of the kind.
create index operations_all_by_kind_state on operations (kind, state, created_at desc, id desc);
