-- Searches. The operator of a trigram index is not leakproof, so under a policy Postgres
-- would compare every name of the organization. app.search looks as satchel_system, for
-- which no policy is between it and the index, and applies the access rule itself: the
-- same views as the policy people_read of files. What it returns is joined to files by
-- its caller, under that policy. A test compares the two.

-- The names and texts follow the files, by whichever way these change. A text belongs to
-- one version: of another one nothing is found until it has been read.
create or replace function app.search_follow() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        insert into file_names (organization_id, file_id, space_id, name) values (new.organization_id, new.id, new.space_id, new.name);
        insert into recents (organization_id, user_id, file_id) values (new.organization_id, new.uploaded_by, new.id);
    elsif new.name::text <> old.name::text or new.space_id <> old.space_id then
        update file_names set name = new.name, space_id = new.space_id where organization_id = new.organization_id and file_id = new.id;
    end if;
    if new.current_id is null then
        delete from file_texts where organization_id = new.organization_id and file_id = new.id;
    elsif tg_op = 'INSERT' or new.current_id is distinct from old.current_id then
        insert into file_texts (organization_id, file_id, version_id, space_id) values (new.organization_id, new.id, new.current_id, new.space_id)
        on conflict (organization_id, file_id) do update set version_id = excluded.version_id, space_id = excluded.space_id, state = 'pending',
            reason = '', title = '', body = '', lexemes = '', language = 'simple', asked_at = null, updated_at = now();
    elsif new.space_id <> old.space_id then
        update file_texts set space_id = new.space_id where organization_id = new.organization_id and file_id = new.id;
    end if;
    return null;
end $$;
create or replace trigger c_search_add after insert on files for each row execute function app.search_follow();
create or replace trigger c_search_follow after update on files for each row
    when (new.name::text collate "C" <> old.name::text collate "C" or new.space_id <> old.space_id or new.current_id is distinct from old.current_id)
    execute function app.search_follow();

-- Published versions whose text is not read yet and was not asked for within again_after, in
-- the order of their files' ids.
create or replace function app.texts_pending(again_after interval, after uuid, n integer)
returns table (organization_id uuid, file_id uuid, version_id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
    select t.organization_id, t.file_id, t.version_id from file_texts t
     where t.state = 'pending' and t.file_id > after and (t.asked_at is null or t.asked_at < now() - again_after)
     order by t.file_id limit n
$$;

-- Notes that the texts of these versions were asked for. Both are arrays of one length.
create or replace function app.texts_asked(files uuid[], versions uuid[]) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
    update file_texts t set asked_at = now() from unnest(files, versions) asked (file, version)
     where t.file_id = asked.file and t.version_id = asked.version and t.state = 'pending'
$$;

-- What a person types as a query: in each language of the organization's texts, and as it is.
create or replace function app.text_query(q text) returns tsquery
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    folded text := app.fold(q);
    result tsquery := websearch_to_tsquery('simple', folded);
    one tsquery;
    spoken text := '';
begin
    loop
        select t.language into spoken from file_texts t
         where t.organization_id = (select app.people_org()) and t.state = 'ready' and t.language > spoken order by t.language limit 1;
        exit when spoken is null;
        one := websearch_to_tsquery(spoken::regconfig, folded);
        if numnode(one) > 0 and one <> result then
            result := result || one;
        end if;
    end loop;
    return result;
end $$;

-- One page of a search. scope is 'name', 'text' or 'all'; fuzzy takes names that are
-- alike. narrowing may hold space_id, uploaded_by, subject_id, class_id, types (media
-- types), size_from, size_to, changed_from, changed_to. The order is newest first, or by
-- score among the newest 200 that match. It goes on behind (after_score, after_id).
create or replace function app.search(q text, scope text, fuzzy boolean, narrowing jsonb, newest boolean, after_score integer, after_id uuid, n integer)
returns table (file_id uuid, named boolean, written boolean, score integer, around text)
language plpgsql stable security definer rows 50 set search_path = public, pg_temp set max_parallel_workers_per_gather = 0 as $$
declare
    org uuid := app.people_org();
    everywhere boolean := app.all_spaces();
    inside uuid[]; staffed uuid[]; subjects uuid[]; linked uuid[]; folders uuid[];
    folded text := btrim(app.fold(q));
    query tsquery := app.text_query(q);
    most integer := case when newest then n else 200 end;
    versions text := case when narrowing ?| array['types', 'size_from', 'size_to'] then
        'join file_versions v on v.organization_id = f.organization_id and v.id = coalesce(f.current_id, f.head_id)' else '' end;
    rule text; narrowed text; is_named text; is_written text; branch text; wide text; place text; by_index text; near text; walked integer; read integer := 600;
    names text[] := '{}'; texts text[] := '{}';
    places text[]; -- what is joined before, the condition, and how many of the newest are compared
begin
    if org is null or app.actor() is null or folded = '' then
        return;
    end if;
    select array_agg(distinct m.space_id), array_agg(distinct m.space_id) filter (where m.level >= 3) into inside, staffed
      from app.my_spaces m where m.organization_id = org;
    select array_agg(w.student_id) || app.actor() into subjects from app.my_wards w where w.organization_id = org;
    select array_agg(distinct l.file_id) into linked from app.linked_files l where l.organization_id = org;
    select array_agg(distinct l.folder_id) into folders from app.linked_folders l where l.organization_id = org;

    -- The rule of the policy people_read of files.
    rule := case when everywhere then 'true' else format(
        '(f.space_id = any (%1$L::uuid[]) or f.subject_id = any (%2$L::uuid[])
          or f.needs <= 1 and (f.visible_from is null or f.visible_from <= now())
             and (f.space_id = any (%3$L::uuid[]) or f.id = any (%4$L::uuid[]) or f.folder_id = any (%5$L::uuid[])))',
        coalesce(staffed, '{}'), subjects, coalesce(inside, '{}'), coalesce(linked, '{}'), coalesce(folders, '{}')) end;
    -- What is not asked for is null, which concat_ws leaves out.
    narrowed := concat_ws(' and ', 'f.trashed_at is null',
        'f.space_id = ' || quote_literal(narrowing->>'space_id'), 'f.uploaded_by = ' || quote_literal(narrowing->>'uploaded_by'),
        'f.subject_id = ' || quote_literal(narrowing->>'subject_id'),
        format('f.space_id in (select s.id from spaces s where s.organization_id = %L and s.class_id = ', org) || quote_literal(narrowing->>'class_id') || ')',
        'v.mime_type in (select jsonb_array_elements_text(' || quote_literal((narrowing->'types')::text) || '::jsonb))',
        'v.size >= ' || (narrowing->>'size_from')::bigint, 'v.size <= ' || (narrowing->>'size_to')::bigint,
        'f.updated_at >= ' || quote_literal((narrowing->>'changed_from')::timestamptz), 'f.updated_at < ' || quote_literal((narrowing->>'changed_to')::timestamptz));

    -- Every word is in the name, or the name is like all of it.
    select string_agg(format('c.folded like %L', '%' || replace(replace(replace(w, '\', '\\'), '%', '\%'), '_', '\_') || '%'), ' and ') into is_named
      from regexp_split_to_table(folded, '\s+') w;
    if fuzzy then
        is_named := format('%L operator(ext.<%%) c.folded', folded);
    end if;
    is_written := format('c.state = ''ready'' and c.lexemes @@ %L::tsquery', query);

    -- Few spaces are asked one by one, since the index knows them; for those who reach
    -- most of the organization it is read as a whole. The third is how many of the newest
    -- names are compared one by one before the index is asked.
    places := case when narrowing->>'space_id' is not null then array[['', format('c.space_id = %L', narrowing->>'space_id'), '4000']]
                   when everywhere or cardinality(inside) > 40 then array[['', 'true', '20000']]
                   else array[[format('unnest(%L::uuid[]) p (id) cross join lateral ', coalesce(inside, '{}')), 'c.space_id = p.id', '2000'],
                              ['', format('f.subject_id = any (%L::uuid[])', subjects), ''],
                              ['', case when linked is null then 'false' else format('f.id = any (%L::uuid[])', linked) end, ''],
                              ['', case when folders is null then 'false' else format('f.folder_id = any (%L::uuid[])', folders) end, '']] end;
    for i in 1 .. array_length(places, 1) loop
        continue when places[i][2] = 'false';
        place := concat_ws(' and ', format('c.organization_id = %L and %s', org, places[i][2]), case when newest then 'c.file_id < ' || quote_literal(after_id) end);
        -- What matches in a place, newest first, among the rows that the two gaps name.
        branch := format('select f.id from %%s c join files f on f.organization_id = c.organization_id and f.id = c.file_id
            %s where %s and %s and %s and %%s order by c.file_id desc limit %s',
            versions, replace(place, '%', '%%'), replace(rule, '%', '%%'), replace(narrowed, '%', '%%'), most);
        wide := format('(select s.id from %s(%%s) s order by s.id desc limit %s)', places[i][1], most);
        by_index := format(branch, 'file_names', is_named);
        near := format('from file_names c where %s order by c.file_id desc', place);
        -- A word that is in many names is met soon on the way from the newest, and the
        -- index would bring them all. Append runs in order, so that the index is asked
        -- only when these names did not fill the page.
        if places[i][3] <> '' and (not fuzzy or places[i][2] = 'true') then -- few spaces have few names that are alike
            walked := places[i][3]::integer / case when fuzzy then 8 else 1 end;
            by_index := format('with near as materialized (select c.organization_id, c.file_id, c.space_id, c.folded, %s as alike %s limit %s)
                select w.id from ((%s) union all (select o.id from (select c.file_id %s offset %s limit 1) edge
                cross join lateral (%s offset 0) o where %s)) w limit %s',
                case when fuzzy then format('ext.word_similarity(%L, c.folded)', folded) else 'null' end, near, walked,
                format(branch, 'near', case when fuzzy then 'c.alike >= 0.6' else is_named end),
                near, walked - 1,
                case when fuzzy then format(branch, format('(select c.organization_id, c.file_id, c.space_id from file_names c where %s and %s and c.file_id < edge.file_id offset 0)', place, is_named), 'true')
                     else format(branch, 'file_names', is_named || ' and c.file_id < edge.file_id') end,
                -- The index brings names that are half alike, to be compared. When more than
                -- one in a hundred is, it would bring too many.
                case when fuzzy then format('(select count(*) from near where near.alike >= 0.4) <= %s', walked / 100) else 'true' end, most);
        end if;
        names := names || format(wide, by_index);
        by_index := format(branch, 'file_texts', is_written);
        -- The same for texts of few spaces, of which one may be large: a library. Comparing
        -- a long text costs more than a name, so fewer are.
        if places[i][2] = 'c.space_id = p.id' then
            near := format('from file_texts c where %s and c.state = ''ready'' order by c.file_id desc', place);
            by_index := format('with near as materialized (select c.organization_id, c.file_id, c.space_id, %s as written %s limit %s)
                select w.id from ((%s) union all (select o.id from (select c.file_id %s offset %s limit 1) edge cross join lateral (%s offset 0) o)) w limit %s',
                is_written, near, read, format(branch, 'near', 'c.written'), near, read - 1,
                format(branch, 'file_texts', is_written || ' and c.file_id < edge.file_id'), most);
        end if;
        texts := texts || format(wide, by_index);
    end loop;
    branch := concat_ws(' union all ',
        case when scope <> 'text' then 'select id, true as named, false as written from (' || array_to_string(names, ' union ') || ') a' end,
        case when scope <> 'name' and numnode(query) > 0 and not fuzzy then 'select id, false as named, true as written from (' || array_to_string(texts, ' union ') || ') b' end);
    if branch = '' then
        return;
    end if;
    return query execute format(
        'with matching as (select id, bool_or(named) as named, bool_or(written) as written from (%1$s) m group by id order by id desc limit %2$s),
         scored as (select m.id, m.named, m.written, t.language, t.body, case when %3$L then 0 else
                (case when not m.named then 0 when n.folded = %4$L or starts_with(n.folded, %4$L || ''.'') then 3000 when starts_with(n.folded, %4$L) then 2000 else 1000 end
                 + case when m.written then least(999, 1 + 900 * ts_rank(''{0.1, 0.2, 0.4, 1}'', t.lexemes, %5$L::tsquery, 1))::integer else 0 end) end as score
              from matching m join file_names n on n.organization_id = %6$L and n.file_id = m.id
              left join file_texts t on m.written and t.organization_id = %6$L and t.file_id = m.id),
         page as (select s.id, s.named, s.written, s.language, s.body, s.score from scored s where (%7$L::integer is null or (s.score, s.id) < (%7$L::integer, %8$L::uuid)) order by s.score desc, s.id desc limit %9$s)
         select p.id, p.named, p.written, p.score, case when p.written then app.text_around(p.language, p.body, %5$L::tsquery) else '''' end
           from page p order by p.score desc, p.id desc',
        branch, most, newest, folded, query, org, case when not newest then after_score end, after_id, n);
end $$;

-- What the functions of this file need of the tables and views.
grant select on app.my_spaces, app.my_wards, app.linked_files, app.linked_folders to satchel_system;
grant execute on function app.all_spaces() to satchel_system;
-- The view wards reads with the rights of the current role, also inside app.my_wards.
drop policy if exists system on guardianships;
create policy system on guardianships for select to satchel_system using (true);
grant select on guardianships to satchel_system;
