drop trigger a_limit on uploads;
drop function app.upload_limit();
drop index uploads_open;
