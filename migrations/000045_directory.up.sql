-- Directory information (34 CFR 99.37): what the school designated as such and said in public, who
-- opted out, and which categories a file holds. An opt-out stays when the student or who opted
-- out has left (99.37(b)): nothing but another word of the same side, or the end of the organization, takes it away.
create table directory_policies (
    organization_id uuid not null references organizations (id),
    categories      text[] not null check (categories <@ array['name', 'address', 'telephone', 'email', 'photograph', 'birth_date', 'birth_place', 'field_of_study', 'grade_level',
                        'enrollment_status', 'attendance_dates', 'activities', 'weight_height', 'degrees_awards', 'last_school']),
    notice_at       date not null, -- when the public notice was given
    opt_out_until   date not null, -- the last day on which a parent or an eligible student may refuse; nothing leaves before its end
    set_by          uuid not null references users (id),
    set_at          timestamptz not null default now(),
    primary key (organization_id),
    constraint there_is_time_to_refuse check (opt_out_until > notice_at)
);

-- Whose word it is: a guardian, or the student. Of several the stricter one counts.
create table directory_opt_outs (
    organization_id uuid not null references organizations (id),
    student_id      uuid not null references users (id),
    holder_id       uuid not null references users (id), -- the student too for what the school has on paper without a name
    opted_out       boolean not null,
    recorded_by     uuid not null references users (id),
    at              timestamptz not null default now(),
    primary key (organization_id, student_id, holder_id)
);
create index directory_opt_outs_in_force on directory_opt_outs (organization_id, student_id) where opted_out;

alter table record_classes
    add column categories text[] not null default '{}',
    add constraint categories_are_known check (categories <@ array['name', 'address', 'telephone', 'email', 'photograph', 'birth_date', 'birth_place', 'field_of_study', 'grade_level',
        'enrollment_status', 'attendance_dates', 'activities', 'weight_height', 'degrees_awards', 'last_school']),
    add constraint categories_are_of_directory_information check (class = 'directory_info' or categories = '{}');
