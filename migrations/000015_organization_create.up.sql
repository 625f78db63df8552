-- Provisioning makes organizations, in steps: the function that made one whole
-- served tests alone. The rules of earlier builds have left it behind.
drop function if exists app.organization_create(uuid, text, text, text, bigint, bigint);
