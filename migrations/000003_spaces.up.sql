-- Where files are, and who reaches them there. A person reads a file because they
-- are in its space, because the file is about them or their ward, or because it is
-- linked into a space of theirs. policies/rls/tables/files.sql has the rule.

-- All keys of an owner act in the spaces that were granted to their service account;
-- this one acts in all. It is the owner's to give.
alter table members add column all_spaces boolean not null default false;
alter table members add constraint all_spaces_is_of_services check (service or not all_spaces);

create table spaces (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    kind            text not null check (kind in ('personal', 'class', 'group', 'library', 'staff', 'confidential')),
    name            text collate app.natural not null check (length(name) between 1 and 200),
    class_id        uuid, -- of a class, and of a group within one
    owner_id        uuid references users (id), -- of a personal space
    about_id        uuid references users (id), -- of a confidential space: whom its records concern
    state           text not null default 'open' check (state in ('open', 'frozen', 'archived')), -- only an open one changes
    trash_days      integer check (trash_days between 1 and 3650), -- null: as the organization keeps trash
    created_by      uuid references users (id), -- null: the platform
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    foreign key (organization_id, class_id) references classes (organization_id, id),
    constraint personal_has_owner check ((kind = 'personal') = (owner_id is not null)),
    constraint class_has_class check (kind <> 'class' or class_id is not null),
    constraint only_classes_have_class check (class_id is null or kind in ('class', 'group')),
    constraint only_confidential_is_about check (about_id is null or kind = 'confidential')
);
create unique index spaces_personal on spaces (organization_id, owner_id) where kind = 'personal';
create unique index spaces_of_class on spaces (organization_id, class_id) where kind = 'class';
create index spaces_by_name on spaces (organization_id, name, id);
create index spaces_shared on spaces (organization_id, kind) where kind <> 'personal';

-- Access that a person gave: to a colleague, to a substitute for a while, or, with a
-- reason, to oneself (break-glass). Rows stay when they have ended.
create table space_grants (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    space_id        uuid not null,
    user_id         uuid not null references users (id),
    level           smallint not null check (level between 1 and 4),
    via             text not null check (via in ('grant', 'substitute', 'breakglass')),
    reason          text not null default '' check (length(reason) <= 1000),
    given_by        uuid not null references users (id),
    approved_by     uuid references users (id), -- the second person, of break-glass into a confidential space
    begins_at       timestamptz not null default now(),
    ends_at         timestamptz not null default 'infinity',
    created_at      timestamptz not null default now(),
    primary key (organization_id, id),
    foreign key (organization_id, space_id) references spaces (organization_id, id) on delete cascade,
    constraint substitute_ends check (via <> 'substitute' or ends_at <= begins_at + interval '30 days'),
    constraint breakglass_is_brief check (via <> 'breakglass' or (ends_at <= begins_at + interval '2 hours' and length(reason) > 0 and level = 3))
);
create index space_grants_by_space on space_grants (organization_id, space_id, id);
create index space_grants_by_user on space_grants (organization_id, user_id, id);

-- Who is in which space, and how far: derived by triggers from the owner of a
-- personal space, classes, grants and roles. The only table that the access rule
-- reads. A person has one row for each reason.
-- Level: 1 reads, 2 adds, 3 is its staff, 4 manages.
create table space_members (
    organization_id uuid not null references organizations (id),
    space_id        uuid not null,
    user_id         uuid not null references users (id),
    via             text not null check (via in ('owner', 'roster', 'manual', 'grant', 'substitute', 'breakglass', 'role')),
    source_id       uuid not null, -- the class or the grant; the space itself for owner and role
    level           smallint not null check (level between 1 and 4),
    begins_at       timestamptz not null default '-infinity',
    ends_at         timestamptz not null default 'infinity',
    primary key (organization_id, space_id, user_id, via, source_id),
    foreign key (organization_id, space_id) references spaces (organization_id, id) on delete cascade
);
create index space_members_by_user on space_members (organization_id, user_id) include (space_id, level, begins_at, ends_at);

-- A folder gives its files names, an order and defaults, and has no access rule of
-- its own. In a hand-out staff add and all read from opens_at on; in a hand-in each
-- student adds, and only the staff and that student read.
create table folders (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    space_id        uuid not null,
    parent_id       uuid,
    name            text collate app.natural not null check (length(name) between 1 and 255),
    name_folded     text not null generated always as (replace(replace(lower(name collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss')) stored,
    mode            text not null default 'shared' check (mode in ('shared', 'handout', 'handin')),
    instructions    text not null default '' check (length(instructions) <= 2000),
    opens_at        timestamptz,
    due_at          timestamptz, -- of a hand-in: what comes later is late
    closes_at       timestamptz, -- of a hand-in: nothing comes later
    accepted        text[] not null default '{}', -- of a hand-in: extensions; none: what the organization takes
    created_by      uuid not null references users (id),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    primary key (organization_id, id),
    unique (organization_id, space_id, id),
    foreign key (organization_id, space_id) references spaces (organization_id, id),
    -- A folder is in the space of its parent, and its subfolders follow it into another.
    foreign key (organization_id, space_id, parent_id) references folders (organization_id, space_id, id) on update cascade deferrable initially deferred,
    constraint not_its_own_parent check (parent_id is distinct from id),
    constraint only_handins_are_due check (mode = 'handin' or (due_at is null and closes_at is null and accepted = '{}')),
    constraint only_modes_open check (mode <> 'shared' or opens_at is null),
    constraint closes_after_opening check (closes_at is null or opens_at is null or closes_at > opens_at)
);
create unique index folders_named on folders (organization_id, space_id, parent_id, name_folded) nulls not distinct;

-- Which folders are above a folder, itself at depth 0. Moving a folder rewrites
-- the rows of the folders below it, and no file's.
create table folder_paths (
    organization_id uuid not null references organizations (id),
    folder_id       uuid not null,
    ancestor_id     uuid not null,
    depth           smallint not null check (depth between 0 and 8),
    primary key (organization_id, folder_id, ancestor_id),
    foreign key (organization_id, folder_id) references folders (organization_id, id) on delete cascade,
    foreign key (organization_id, ancestor_id) references folders (organization_id, id) on delete cascade
);
create index folder_paths_below on folder_paths (organization_id, ancestor_id, folder_id);

alter table files
    add column space_id     uuid,
    add column folder_id    uuid,
    add column needs        smallint not null default 1 check (needs in (1, 3)), -- 1: all in the space read it; 3: its staff
    add column visible_from timestamptz, -- of a hand-out: until then its staff alone read it
    add column subject_id   uuid references users (id), -- whom it is about, who reads it wherever they are
    add column handed_in_at timestamptz;

-- Each person who adds files has a personal space, and so has everybody whose files
-- are here. The category of a file becomes its folder.
insert into spaces (organization_id, id, kind, name, owner_id)
select organization_id, gen_random_uuid(), 'personal', 'My files', user_id from (
    select organization_id, user_id from members where role in ('owner', 'admin', 'teacher', 'student')
    union select organization_id, uploaded_by from files) p
 where organization_id <> '00000000-0000-7000-8000-000000000000';
insert into folders (organization_id, id, space_id, name, created_by)
select distinct on (s.organization_id, s.id, replace(replace(lower(f.category collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss'))
       s.organization_id, gen_random_uuid(), s.id, f.category, f.uploaded_by
  from files f join spaces s on s.organization_id = f.organization_id and s.owner_id = f.uploaded_by where f.category <> '';
insert into folder_paths (organization_id, folder_id, ancestor_id, depth) select organization_id, id, id, 0 from folders;
update files f set space_id = s.id,
       subject_id = case when exists (select from members m where m.organization_id = f.organization_id and m.user_id = f.uploaded_by and m.role = 'student') then f.uploaded_by end
  from spaces s where s.organization_id = f.organization_id and s.owner_id = f.uploaded_by;
update files f set folder_id = d.id
  from folders d
 where d.organization_id = f.organization_id and d.space_id = f.space_id and f.category <> ''
   and d.name_folded = replace(replace(lower(f.category collate "und-x-icu"), 'ς', 'σ'), 'ß', 'ss');
-- Of files with one name in one folder, the later ones get a number.
update files f set name = left(regexp_replace(f.name, '(\.[^.]{1,16})?$', ' (' || n.number || ')\1'), 255)
  from (select organization_id, id, row_number() over (partition by organization_id, folder_id, name_folded order by id) as number
          from files where folder_id is not null and trashed_at is null) n
 where n.organization_id = f.organization_id and n.id = f.id and n.number > 1;

alter table files
    alter column space_id set not null,
    add constraint files_space foreign key (organization_id, space_id) references spaces (organization_id, id),
    add constraint files_folder foreign key (organization_id, space_id, folder_id) references folders (organization_id, space_id, id) on update cascade,
    add constraint handed_in_is_about_someone check (handed_in_at is null or subject_id is not null);
-- A name is unique among the files of a folder, of a hand-in among one student's. The
-- nil id takes the place of no subject.
create unique index files_named on files (organization_id, folder_id, coalesce(subject_id, '00000000-0000-0000-0000-000000000000'), name_folded)
    where folder_id is not null and trashed_at is null;
create index files_in_space on files (organization_id, space_id, id desc);
create index files_in_folder on files (organization_id, folder_id, name, id);
create index files_by_subject on files (organization_id, subject_id, id desc) where subject_id is not null;
-- Without it the planner multiplies the two selectivities and reads whole spaces.
create statistics files_space_dependencies (dependencies) on organization_id, space_id from files;

-- A file or a folder that is shown in another space: the one way of sharing within the
-- organization. level says what the members of that space may do: read, add to a
-- folder, edit.
create table file_links (
    organization_id uuid not null references organizations (id),
    file_id         uuid not null,
    space_id        uuid not null,
    level           text not null default 'read' check (level in ('read', 'edit')),
    starts_at       timestamptz not null default '-infinity',
    ends_at         timestamptz not null default 'infinity',
    share_id        uuid, -- the share that made it
    added_by        uuid not null references users (id),
    created_at      timestamptz not null default now(),
    primary key (organization_id, file_id, space_id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade,
    foreign key (organization_id, space_id) references spaces (organization_id, id) on delete cascade
);
create index file_links_by_space on file_links (organization_id, space_id, file_id);

create table folder_links (
    organization_id uuid not null references organizations (id),
    folder_id       uuid not null,
    space_id        uuid not null,
    level           text not null default 'read' check (level in ('read', 'add', 'edit')),
    starts_at       timestamptz not null default '-infinity',
    ends_at         timestamptz not null default 'infinity',
    share_id        uuid,
    added_by        uuid not null references users (id),
    created_at      timestamptz not null default now(),
    primary key (organization_id, folder_id, space_id),
    foreign key (organization_id, folder_id) references folders (organization_id, id) on delete cascade,
    foreign key (organization_id, space_id) references spaces (organization_id, id) on delete cascade
);
create index folder_links_by_space on folder_links (organization_id, space_id, folder_id);

-- What a student handed in, and what came back: one row a student and folder. It
-- is missing where there is no row, late after the folder's due_at, and returned
-- from returned_at on.
create table hand_ins (
    organization_id uuid not null references organizations (id),
    folder_id       uuid not null,
    student_id      uuid not null references users (id),
    handed_in_at    timestamptz not null default now(),
    returned_at     timestamptz,
    returned_by     uuid references users (id),
    note            text not null default '' check (length(note) <= 2000),
    primary key (organization_id, folder_id, student_id),
    foreign key (organization_id, folder_id) references folders (organization_id, id) on delete cascade
);
create index hand_ins_by_student on hand_ins (organization_id, student_id);

create table stars (
    organization_id uuid not null references organizations (id),
    user_id         uuid not null references users (id),
    file_id         uuid not null,
    created_at      timestamptz not null default now(),
    primary key (organization_id, user_id, file_id),
    foreign key (organization_id, file_id) references files (organization_id, id) on delete cascade
);
create index stars_by_file on stars (organization_id, file_id);

-- What should reach a person: break-glass into their class's space, a returned work.
-- The API shows it; a later process sends it.
create table notifications (
    organization_id uuid not null references organizations (id),
    id              uuid not null,
    user_id         uuid not null references users (id),
    kind            text not null check (kind ~ '^[a-z_]+(\.[a-z_]+)+$'),
    data            jsonb not null default '{}', -- ids, never names
    created_at      timestamptz not null default now(),
    read_at         timestamptz,
    primary key (organization_id, id)
);
create index notifications_by_user on notifications (organization_id, user_id, id desc);
