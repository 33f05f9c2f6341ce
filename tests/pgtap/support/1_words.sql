-- The words that the tests are written in. People and things go by names: spec.id('acme') is the
-- same UUID everywhere.

create schema spec;
grant usage on schema spec to public;
alter default privileges in schema spec grant execute on functions to public;

create function spec.id(name text) returns uuid
language sql immutable
return md5(name)::uuid;

-- Signs someone up, as Supabase Auth would.
create function spec.sign_up(name text) returns uuid
language sql
as $$
  insert into auth.users (id, email, raw_user_meta_data)
  values (spec.id(name), name || '@example.com', jsonb_build_object('display_name', name))
  returning id
$$;

-- From here to the end of the transaction (or for good, with `briefly` false), what PostgREST would
-- do for a request with their token.
create function spec.act_as(name text, briefly boolean default true) returns void
language plpgsql
as $$
begin
  perform set_config('role', case name
    when 'anon' then 'anon' when 'service' then 'service_role' else 'authenticated' end, briefly);
  perform set_config('request.jwt.claims', case
    when name = 'anon' then '{"role": "anon"}'
    when name = 'service' then '{"role": "service_role"}'
    else jsonb_build_object('sub', md5(name)::uuid, 'role', 'authenticated',
      'aud', 'authenticated', 'email', name || '@example.com')::text
  end, briefly);
end
$$;

create function spec.act_as_operator() returns void
language plpgsql
as $$
begin
  perform set_config('role', 'none', true), set_config('request.jwt.claims', '', true);
end
$$;

-- Makes a turn as whoever acts now. `more` overrides any field of the request.
create function spec.ask(turn text, conversation text, content text, more jsonb default '{}')
returns jsonb
language sql
as $$
  select public.begin_turn(jsonb_strip_nulls(jsonb_build_object(
    'turn_id', md5(turn)::uuid, 'conversation_id', md5(conversation)::uuid, 'content', content,
    'message_id', case when content is not null then md5('question of ' || turn)::uuid end,
    'has_parent', false, 'request_digest', md5(turn || coalesce(content, '')))) || more)
$$;

-- The key that the server and the database share, and what the server signs with it.
insert into hearth.secrets values ('signing_key', decode(repeat('5a', 32), 'hex'));

create function spec.sign(purpose text, workspace uuid, id uuid, person uuid, payload text,
  expires bigint) returns text
language sql security definer
as $$
  select encode(hearth.hmac_sha256(decode(repeat('5a', 32), 'hex'), convert_to(
    purpose || ':' || workspace || ':' || id || ':' || person || ':'
      || encode(sha256(convert_to(payload, 'UTF8')), 'hex') || ':' || expires, 'UTF8')), 'hex')
$$;

create function spec.soon() returns bigint
language sql stable
return extract(epoch from now())::bigint + 60;

-- Ends a turn as the server does. `more` overrides any field of the payload.
create function spec.complete(turn text, workspace text, person text, content text,
  more jsonb default '{}') returns jsonb
language plpgsql
as $$
declare
  payload text := jsonb_build_object('status', 'completed', 'content', content,
    'usage', jsonb_build_object('prompt_tokens', 11, 'completion_tokens', 7),
    'decision', jsonb_build_object('provider', 'home', 'model', 'smol', 'locality', 'local',
      'reasons', jsonb_build_array('the only one'), 'rejected', '[]'::jsonb),
    'tokens', 7, 'question_tokens', 4, 'time_to_first_token_ms', 12.5, 'duration_ms', 90)
    || more;
begin
  return public.complete_turn(spec.id(workspace), spec.id(turn), spec.id(person), payload,
    spec.soon(), spec.sign('complete_turn', spec.id(workspace), spec.id(turn), spec.id(person),
      payload, spec.soon()));
end
$$;

-- Two tenants. Acme has olga (owner), adam (admin), mira (member) and vera (viewer); elsewhere has
-- otto alone. Each has a conversation with one finished turn, and a row in every other table.
create function spec.make_world() returns void
language plpgsql
as $$
begin
  perform spec.sign_up(name) from unnest(array['olga', 'adam', 'mira', 'vera', 'otto']) name;
  perform spec.act_as('olga');
  perform public.create_workspace(jsonb_build_object('id', spec.id('acme'), 'name', 'Acme'));
  perform public.add_member(jsonb_build_object('workspace_id', spec.id('acme'),
    'email', m.name || '@example.com', 'role', m.role))
    from (values ('adam', 'admin'), ('mira', 'member'), ('vera', 'viewer')) m (name, role);
  perform spec.act_as('mira');
  perform public.create_conversation(jsonb_build_object('id', spec.id('chat'),
    'workspace_id', spec.id('acme'), 'title', 'Tea'));
  perform spec.ask('answer', 'chat', 'Which tea?');
  perform spec.complete('answer', 'acme', 'mira', 'Darjeeling.');

  perform spec.act_as('otto');
  perform public.create_workspace(jsonb_build_object('id', spec.id('elsewhere'), 'name', 'Else'));
  perform public.create_conversation(jsonb_build_object('id', spec.id('far chat'),
    'workspace_id', spec.id('elsewhere'), 'title', 'Coffee'));
  perform spec.ask('far answer', 'far chat', 'Which coffee?');
  perform spec.complete('far answer', 'elsewhere', 'otto', 'Arabica.');

  perform spec.act_as_operator();
  insert into public.feature_flags (name, workspace_id, enabled)
    values ('tea', spec.id('acme'), true), ('coffee', spec.id('elsewhere'), true);
end
$$;
