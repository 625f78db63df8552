-- Texts of the organization's files; system keeps their places and searches them.
alter table file_texts enable row level security;
alter table file_texts force row level security;
drop policy if exists tenant on file_texts;
create policy tenant on file_texts for all to satchel_app
    using (organization_id = (select app.org())) with check (organization_id = (select app.org()));
-- Triggers make and remove the rows.
grant select, update (state, reason, language, title, body, lexemes, asked_at, updated_at) on file_texts to satchel_app;
-- Who reads the file reads its text.
drop policy if exists people_read on file_texts;
create policy people_read on file_texts for select to satchel_people
    using (organization_id = (select app.people_org()) and app.may_read_file(file_id));
grant select on file_texts to satchel_people;
drop policy if exists system on file_texts;
create policy system on file_texts for all to satchel_system using (true) with check (true);
grant select, insert, update, delete on file_texts to satchel_system;

-- The words of a text as they are searched: by the rules of its language, and as they
-- are, since a search does not know the language. The title counts more. Without < nothing
-- is taken for an element of HTML, whose words Postgres leaves out.
create or replace function app.text_lexemes(language text, title text, body text) returns tsvector language plpgsql stable parallel safe as $$
declare
    head text := translate(app.fold(title), '<', ' ');
    rest text := translate(app.fold(body), '<', ' ');
    words tsvector := setweight(to_tsvector('simple', head), 'A') || to_tsvector('simple', rest);
begin
    if language = 'simple' then
        return words;
    end if;
    return words || setweight(to_tsvector(language::regconfig, head), 'A') || to_tsvector(language::regconfig, rest);
end $$;
grant execute on function app.text_lexemes(text, text, text) to satchel_app;

-- The part of a text around the first word of a query. What is found begins with U+0002
-- and ends with U+0003, which no text holds; the reader escapes the rest.
create or replace function app.text_around(language text, body text, query tsquery) returns text language plpgsql stable parallel safe as $$
declare
    head text := app.fold(left(body, 65536));
    first integer;
begin
    select min(nullif(strpos(head, m[1]), 0)) into first from regexp_matches(query::text, '''([^'']+)''', 'g') m;
    return ts_headline(language::regconfig, substr(body, greatest(1, coalesce(first, 1) - 200), 2000), query,
        'StartSel="' || chr(2) || '", StopSel="' || chr(3) || '", MaxFragments=2, MaxWords=16, MinWords=6, FragmentDelimiter=" … "');
end $$;
grant execute on function app.text_around(text, text, tsquery) to satchel_system;
