-- Every role, every table, every verb, straight at the tables as supabase-js goes there.
--
-- The rows are Acme's, a workspace in which olga is owner, adam admin, mira member and vera viewer;
-- otto is signed in, and in another workspace. What is mira's is mira's: her profile, her question.
--
--   yes  it is done      -  there is nothing to see, hence nothing to do      no  it is refused
begin;
set local search_path = spec, tap, public;
select no_plan();
select spec.make_world();

create temp table claims (what text, verb text, statement text, proof text,
  anon text, outsider text, viewer text, member text, admin text, owner text, service text);

insert into claims (what, verb, statement, anon, outsider, viewer, member, admin, owner, service)
values
-- what                   verb      statement                                                 anon  outs  view  memb  admi  owne  serv
('profiles',             'select', $$select from profiles where user_id = id('mira')$$,       'no', '-',  'yes','yes','yes','yes','yes'),
('profiles',             'insert', $$insert into profiles (user_id) values (id('new'))$$,     'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('profiles: name',       'update', $$update profiles set display_name = 'M'
                                     where user_id = id('mira')$$,                            'no', '-',  '-',  'yes','-',  '-',  'yes'),
('profiles: e-mail',     'update', $$update profiles set email = 'm@x' where user_id = id('mira')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),

('workspaces',           'select', $$select from workspaces where id = id('acme')$$,          'no', '-',  'yes','yes','yes','yes','yes'),
('workspaces',           'insert', $$insert into workspaces (name) values ('W')$$,            'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('workspaces: name',     'update', $$update workspaces set name = 'W' where id = id('acme')$$,'no', '-',  '-',  '-',  'yes','yes','yes'),
('workspaces: kind',     'update', $$update workspaces set kind = 'team' where id = id('acme')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('workspaces: tombstone','update', $$update workspaces set deleted_at = now() where id = id('acme')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),

('members',              'select', $$select from workspace_members
                                     where (workspace_id, user_id) = (id('acme'), id('mira'))$$,
                                                                                              'no', '-',  'yes','yes','yes','yes','yes'),
('members',              'insert', $$insert into workspace_members (workspace_id, user_id, role)
                                     values (id('acme'), id('otto'), 'viewer')$$,             'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('members: a role',      'update', $$update workspace_members set role = 'viewer'
                                     where (workspace_id, user_id) = (id('acme'), id('mira'))$$,
                                                                                              'no', '-',  '-',  '-',  'yes','yes','yes'),
('members: to owner',    'update', $$update workspace_members set role = 'owner'
                                     where (workspace_id, user_id) = (id('acme'), id('mira'))$$,
                                                                                              'no', '-',  '-',  '-',  'no', 'yes','yes'),
('members: an owner',    'update', $$update workspace_members set role = 'owner'
                                     where (workspace_id, user_id) = (id('acme'), id('olga'))$$,
                                                                                              'no', '-',  '-',  '-',  '-',  'yes','yes'),
('members: last owner',  'update', $$update workspace_members set role = 'admin'
                                     where (workspace_id, user_id) = (id('acme'), id('olga'))$$,
                                                                                              'no', '-',  '-',  '-',  '-',  'PT409','PT409'),
('members: their place', 'update', $$update workspace_members set workspace_id = id('elsewhere')
                                     where (workspace_id, user_id) = (id('acme'), id('mira'))$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),

('policies',             'select', $$select from workspace_policies where workspace_id = id('acme')$$,
                                                                                              'no', '-',  'yes','yes','yes','yes','yes'),
('policies',             'insert', $$insert into workspace_policies (workspace_id) values (id('acme'))$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', '23505'),
('policies',             'update', $$update workspace_policies set on_prem_only = true
                                     where workspace_id = id('acme')$$,                       'no', '-',  '-',  '-',  'yes','yes','yes'),
('policies: their place','update', $$update workspace_policies set workspace_id = id('elsewhere')
                                     where workspace_id = id('acme')$$,                       'no', 'no', 'no', 'no', 'no', 'no', '23505'),

('conversations',        'select', $$select from conversations where id = id('chat')$$,       'no', '-',  'yes','yes','yes','yes','yes'),
('conversations',        'insert', $$insert into conversations (workspace_id, id, title)
                                     values (id('acme'), id('new'), 'T')$$,                   'no', 'no', 'no', 'yes','yes','yes','yes'),
('conversations: author','insert', $$insert into conversations (workspace_id, created_by)
                                     values (id('acme'), id('mira'))$$,                       'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('conversations',        'update', $$update conversations set title = 'T', archived = true
                                     where id = id('chat')$$,                                 'no', '-',  '-',  'yes','yes','yes','yes'),
('conversations: author','update', $$update conversations set created_by = null where id = id('chat')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('conversations: place', 'update', $$update conversations set id = id('x') where id = id('none')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', '-'),
('conversations: revision','update', $$update conversations set revision = 9 where id = id('chat')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),

('messages',             'select', $$select from messages where id = id('answer')$$,          'no', '-',  'yes','yes','yes','yes','yes'),
('messages: one''s own', 'insert', $$insert into messages (workspace_id, conversation_id, role, content)
                                     values (id('acme'), id('chat'), 'user', '"Hi"')$$,       'no', 'no', 'no', 'yes','yes','yes','yes'),
('messages: a model''s', 'insert', $$insert into messages (workspace_id, conversation_id, role, content)
                                     values (id('acme'), id('chat'), 'assistant', '"Hi"')$$,  'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('messages: the system''s','insert', $$insert into messages (workspace_id, conversation_id, role, content)
                                     values (id('acme'), id('chat'), 'system', '"Hi"')$$,     'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('messages: another''s', 'insert', $$insert into messages (workspace_id, conversation_id, author_id, content)
                                     values (id('acme'), id('chat'), id('mira'), '"Hi"')$$,   'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('messages: usage',      'insert', $$insert into messages (workspace_id, conversation_id, content, usage)
                                     values (id('acme'), id('chat'), '"Hi"', '{}')$$,         'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('messages: decision',   'insert', $$insert into messages (workspace_id, conversation_id, content, decision)
                                     values (id('acme'), id('chat'), '"Hi"', '{}')$$,         'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('messages: tokens',     'insert', $$insert into messages (workspace_id, conversation_id, content, tokens)
                                     values (id('acme'), id('chat'), '"Hi"', 1)$$,            'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('messages: status',     'insert', $$insert into messages (workspace_id, conversation_id, content, status)
                                     values (id('acme'), id('chat'), '"Hi"', 'pending')$$,    'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('messages: position',   'insert', $$insert into messages (workspace_id, conversation_id, content, position)
                                     values (id('acme'), id('chat'), '"Hi"', 1)$$,            'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('messages',             'update', $$update messages set content = '"No"' where id = id('question of answer')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),

('turns',                'select', $$select from turns where id = id('answer')$$,             'no', '-',  'yes','yes','yes','yes','yes'),
('turns',                'insert', $$insert into turns (workspace_id, id, conversation_id, user_id, question_id,
                                       request_digest, lease_expires_at, sensitivity)
                                     values (id('acme'), id('new'), id('chat'), id('mira'), id('q'), '', now(), 'normal')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('turns',                'update', $$update turns set state = 'failed' where id = id('answer')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),

('decisions',            'select', $$select from routing_decisions where id = id('answer')$$, 'no', '-',  '-',  '-',  'yes','yes','yes'),
('decisions',            'insert', $$insert into routing_decisions (workspace_id, id, kind, user_id, provider, model, locality)
                                     values (id('acme'), id('new'), 'turn', id('mira'), 'p', 'm', 'local')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('decisions',            'update', $$update routing_decisions set model = '' where id = id('answer')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),

('usage: mira''s',       'select', $$select from provider_usage where id = id('answer')$$,    'no', '-',  '-',  'yes','yes','yes','yes'),
('usage',                'insert', $$insert into provider_usage (workspace_id, id, kind, user_id)
                                     values (id('acme'), id('new'), 'turn', id('mira'))$$,    'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('usage',                'update', $$update provider_usage set prompt_tokens = 0 where id = id('answer')$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),

('audit log',            'select', $$select from audit_log where workspace_id = id('acme')$$, 'no', '-',  '-',  '-',  'yes','yes','yes'),
('audit log: no one''s', 'select', $$select from audit_log where workspace_id is null$$,      'no', '-',  '-',  '-',  '-',  '-',  'yes'),
('audit log',            'insert', $$insert into audit_log (action) values ('x')$$,           'no', 'no', 'no', 'no', 'no', 'no', 'no'),
('audit log',            'update', $$update audit_log set actor = null$$,                     'no', 'no', 'no', 'no', 'no', 'no', 'no'),

('flags: Acme''s',       'select', $$select from feature_flags where name = 'tea'$$,          'no', '-',  'yes','yes','yes','yes','yes'),
('flags',                'insert', $$insert into feature_flags (name) values ('x')$$,         'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('flags',                'update', $$update feature_flags set enabled = false where name = 'tea'$$,
                                                                                              'no', 'no', 'no', 'no', 'no', 'no', 'yes'),

('secrets',              'select', $$select from hearth.secrets$$,                            'no', 'no', 'no', 'no', 'no', 'no', 'no'),
('secrets',              'insert', $$insert into hearth.secrets values ('x', '')$$,           'no', 'no', 'no', 'no', 'no', 'no', 'no'),
('secrets',              'update', $$update hearth.secrets set value = ''$$,                  'no', 'no', 'no', 'no', 'no', 'no', 'no'),
('counters',             'select', $$select from hearth.workspace_revisions$$,                'no', 'no', 'no', 'no', 'no', 'no', 'no'),
('counters',             'update', $$update hearth.workspace_revisions set value = 0$$,       'no', 'no', 'no', 'no', 'no', 'no', 'no'),
('users'' counters',     'select', $$select from hearth.user_revisions$$,                     'no', 'no', 'no', 'no', 'no', 'no', 'no'),
('users'' counters',     'update', $$update hearth.user_revisions set value = 0$$,            'no', 'no', 'no', 'no', 'no', 'no', 'no'),
('accounts',             'select', $$select from auth.users$$,                                'no', 'no', 'no', 'no', 'no', 'no', 'no'),
('refresh tokens',       'select', $$select from auth.refresh_tokens$$,                       'no', 'no', 'no', 'no', 'no', 'no', 'no');

-- A deletion has happened when the row is a tombstone, or gone.
insert into claims (what, verb, statement, proof, anon, outsider, viewer, member, admin, owner, service)
select d.what, 'delete', format('delete from %s where %s', d.from_table, d.which),
  format('select not exists (select from %s where %s%s)', d.from_table, d.which,
    case when d.buried then ' and deleted_at is null' else '' end),
  d.anon, d.outsider, d.viewer, d.member, d.admin, d.owner, d.service
from (values
-- what                   from                  which                                  buried anon  outs  view  memb  admi  owne  serv
('profiles',             'profiles',           $$user_id = id('mira')$$,               true, 'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('workspaces',           'workspaces',         $$id = id('acme')$$,                    true, 'no', '-',  '-',  '-',  '-',  'yes','yes'),
('members: mira',        'workspace_members',  $$(workspace_id, user_id) = (id('acme'), id('mira'))$$,
                                                                                       true, 'no', '-',  '-',  'yes','yes','yes','yes'),
('members: vera',        'workspace_members',  $$(workspace_id, user_id) = (id('acme'), id('vera'))$$,
                                                                                       true, 'no', '-',  'yes','-',  'yes','yes','yes'),
('members: last owner',  'workspace_members',  $$(workspace_id, user_id) = (id('acme'), id('olga'))$$,
                                                                                       true, 'no', '-',  '-',  '-',  '-',  'PT409','PT409'),
('policies',             'workspace_policies', $$workspace_id = id('acme')$$,          true, 'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('conversations',        'conversations',      $$id = id('chat')$$,                    true, 'no', '-',  '-',  'yes','yes','yes','yes'),
('messages: mira''s',    'messages',           $$id = id('question of answer')$$,      true, 'no', '-',  '-',  'yes','yes','yes','yes'),
('messages: a model''s', 'messages',           $$id = id('answer')$$,                  true, 'no', '-',  '-',  '-',  'yes','yes','yes'),
('turns',                'turns',              $$id = id('answer')$$,                  true, 'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('decisions',            'routing_decisions',  $$id = id('answer')$$,                  false,'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('usage',                'provider_usage',     $$id = id('answer')$$,                  false,'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('audit log',            'audit_log',          $$true$$,                               false,'no', 'no', 'no', 'no', 'no', 'no', 'no'),
('flags',                'feature_flags',      $$name = 'tea'$$,                       false,'no', 'no', 'no', 'no', 'no', 'no', 'yes'),
('secrets',              'hearth.secrets',     $$true$$,                               false,'no', 'no', 'no', 'no', 'no', 'no', 'no'),
('counters',             'hearth.workspace_revisions', $$true$$,                       false,'no', 'no', 'no', 'no', 'no', 'no', 'no')
) d (what, from_table, which, buried, anon, outsider, viewer, member, admin, owner, service);

select is(spec.attempt(r.who, c.statement, c.proof), r.expected,
  format('%s %s: %s for %s', c.verb, c.what, r.expected, r.who))
from claims c
cross join lateral (values ('anon', anon), ('outsider', outsider), ('viewer', viewer),
  ('member', member), ('admin', admin), ('owner', owner), ('service', service)) r (who, expected);

-- Nothing was forgotten
select set_eq(
  $$select c.oid::regclass::text || ' ' || v.verb
    from pg_class c, unnest(array['select', 'insert', 'update', 'delete']) v (verb)
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')$$,
  $$select distinct t.name || ' ' || c.verb
    from claims c
    join pg_class k on k.relnamespace = 'public'::regnamespace and k.relkind = 'r'
    cross join lateral (select k.relname::text as name) t
    where c.statement ~ ('(from|into|update) ' || t.name || '\y')$$,
  'the table above speaks of every table and verb');
select is_empty(
  $$select c.oid::regclass from pg_class c
    where c.relnamespace in ('public'::regnamespace, 'hearth'::regnamespace)
      and c.relkind in ('r', 'p') and not c.relrowsecurity$$,
  'row-level security is on everywhere');
select is_empty(
  $$select c.oid::regclass, r.role, p.privilege
    from pg_class c, unnest(array['anon', 'authenticated', 'service_role']) r (role),
      unnest(array['TRUNCATE', 'REFERENCES', 'TRIGGER']) p (privilege)
    where c.relnamespace in ('public'::regnamespace, 'hearth'::regnamespace)
      and c.relkind in ('r', 'p') and has_table_privilege(r.role, c.oid, p.privilege)$$,
  'nobody truncates, references or puts triggers');
select is_empty(
  $$select c.oid::regclass, a.attname
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
      and a.attname in ('revision', 'position', 'created_at', 'updated_at', 'deleted_at', 'usage',
        'decision', 'tokens', 'status', 'problem', 'created_by', 'author_id', 'kind')
      and (has_column_privilege('authenticated', c.oid, a.attnum, 'INSERT')
        or has_column_privilege('authenticated', c.oid, a.attnum, 'UPDATE'))$$,
  'what the database and the server write, users have no grant on');

select * from finish();
rollback;
