-- A zip carries the statements about its records beside them (34 CFR 99.21(c)): an entry with a text has no
-- object, and its file and version are the record's.
alter table zip_entries
    add column statement text not null default '',
    drop constraint zip_entries_number_check,
    add constraint zip_entries_number_check check (number between 0 and 19999);

-- What has a day by which it is due, and of which owners and admins were told: 0 not yet, 1 that it comes,
-- 2 that it is over. With another day it begins again.
alter table amendments        add column told smallint not null default 0 check (told between 0 and 2);
alter table compliance_duties add column told smallint not null default 0 check (told between 0 and 2);
alter table incident_clocks   add column told smallint not null default 0 check (told between 0 and 2);
alter table dispositions      add column told smallint not null default 0 check (told between 0 and 2);

-- In how many hours the organization tells those for whom the table of clocks has nothing.
alter table coppa_settings add column incident_hours integer not null default 72 check (incident_hours between 1 and 2160);
