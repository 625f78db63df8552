drop index organizations_by_origin;
drop trigger a_keys on members;
drop function app.service_gone();
drop table api_keys;
alter table members drop constraint service_is_bounded, drop column service;
