-- One verification of an audit log at a time for each organization. The sweep
-- finds those that run by the same index.
create unique index operations_verification on operations (organization_id) where kind = 'verify_audit_log' and state = 'running';
