-- complete_turn: the server's signature, and what happens once it is there.
begin;
set local search_path = spec, tap, public;
select no_plan();
select spec.make_world();

-- RFC 4231, cases 1, 2 and 6
select is(hearth.hmac_sha256(decode(repeat('0b', 20), 'hex'), 'Hi There'),
  '\xb0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7', 'HMAC-SHA256, case 1');
select is(hearth.hmac_sha256('Jefe', 'what do ya want for nothing?'),
  '\x5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'case 2');
select is(hearth.hmac_sha256(decode(repeat('aa', 131), 'hex'),
    'Test Using Larger Than Block-Size Key - Hash Key First'),
  '\x60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54', 'case 6');

select spec.act_as('mira');
select spec.ask('t1', 'chat', 'And with milk?');

-- Who signs
prepare forged as select complete_turn(id('acme'), id('t1'), id('mira'), '{"status": "completed",
  "content": "Mine"}', spec.soon(), $1);
select throws_ok(format('execute forged(%L)', mac), 'PT403', 'signature_invalid', 'refused: ' || why)
from (values (null, 'no mac'), ('', 'an empty one'), (repeat('0', 64), 'a guess'), ('zz', 'no hex'),
  (upper(spec.sign('complete_turn', id('acme'), id('t1'), id('mira'), '{"status": "completed",
  "content": "Mine"}', spec.soon())), 'upper case'),
  (spec.sign('record_completion', id('acme'), id('t1'), id('mira'), '{"status": "completed",
  "content": "Mine"}', spec.soon()), 'one for another purpose'),
  (spec.sign('complete_turn', id('elsewhere'), id('t1'), id('mira'), '{"status": "completed",
  "content": "Mine"}', spec.soon()), 'one for another workspace'),
  (spec.sign('complete_turn', id('acme'), id('answer'), id('mira'), '{"status": "completed",
  "content": "Mine"}', spec.soon()), 'one for another turn'),
  (spec.sign('complete_turn', id('acme'), id('t1'), id('olga'), '{"status": "completed",
  "content": "Mine"}', spec.soon()), 'one for another person'),
  (spec.sign('complete_turn', id('acme'), id('t1'), id('mira'), '{"status": "completed",
  "content": "Yours"}', spec.soon()), 'one for another answer'),
  (spec.sign('complete_turn', id('acme'), id('t1'), id('mira'), '{"status": "completed",
  "content": "Mine"}', spec.soon() + 1), 'one for another expiry')) macs (mac, why);
select throws_ok(format($$select complete_turn(id('acme'), id('t1'), id('mira'), '{}', %s, %L)$$,
    expires, spec.sign('complete_turn', id('acme'), id('t1'), id('mira'), '{}', expires)),
  'PT403', 'signature_invalid', 'an expired signature is refused')
from (select spec.soon() - 61 as expires) past;
select is((select status from messages where id = id('t1')), 'pending', 'none of which did anything');
select throws_ok($$select * from hearth.secrets$$, '42501', null, 'a member cannot read the key');
select throws_ok($$select hearth.check_signature('', null, null, null, '', 0, '')$$, '42501', null,
  'nor ask the database whether a signature is right');

-- What the server says
select spec.act_as('anon');
create temp table done as select spec.complete('t1', 'acme', 'mira', 'With milk.') as it;
select is(it ->> 'changed', 'true', 'the server completes a turn without anyone''s token') from done;
select is(it -> 'message' ->> 'content', 'With milk.', 'the answer is stored') from done;
select is(it -> 'message' ->> 'status', 'completed', 'as completed') from done;
select is(it -> 'message' -> 'usage', '{"prompt_tokens": 11, "completion_tokens": 7}',
  'with its usage') from done;
select is(it -> 'message' -> 'decision' ->> 'provider', 'home', 'and its decision') from done;
select spec.act_as_operator();
select is(t.state, 'completed', 'the turn has ended') from turns t where t.id = id('t1');
select isnt(t.finished_at, null, 'at a time') from turns t where t.id = id('t1');
select is((select array_agg(tokens order by position) from messages
    where id in (id('t1'), id('question of t1'))), array[4, 7],
  'what the question and the answer take is kept for later prompts');
select results_eq($$select provider, model, locality, kind, user_id from routing_decisions
    where id = id('t1')$$, $$values ('home', 'smol', 'local', 'turn', id('mira'))$$,
  'the decision has a row');
select results_eq($$select prompt_tokens, completion_tokens, time_to_first_token_ms, duration_ms
    from provider_usage where id = id('t1')$$, $$values (11::bigint, 7::bigint, 12.5::float8,
    90::float8)$$, 'so does the usage');

-- Again
select spec.act_as('anon');
select is(spec.complete('t1', 'acme', 'mira', 'Another.'), (select it || '{"changed": false}'
  from done), 'a finished turn is left as it is');
select spec.act_as_operator();
select is((select count(*) from provider_usage where id = id('t1')), 1::bigint,
  'and its usage is counted once');

-- Other ends
select spec.act_as('mira');
select spec.ask('t2', 'chat', 'Two'), spec.ask('t3', 'chat', 'Three'), spec.ask('t4', 'chat', 'Four');
select is(spec.complete('t2', 'acme', 'mira', 'Hal', '{"status": "failed", "usage": null,
    "problem": {"code": "provider_failed"}}') -> 'message' -> 'problem',
  '{"code": "provider_failed"}', 'a failed answer says why');
select ok(not spec.complete('t3', 'acme', 'mira', 'Hal', '{"status": "cancelled", "decision": null,
    "usage": null, "problem": {"code": "x"}}') -> 'message' ? 'problem', 'no other answer does');
select throws_ok($$select spec.complete('t4', 'acme', 'mira', '', '{"status": "pending"}')$$,
  'PT422', 'invalid', 'a turn does not end as pending');
select throws_ok($$select spec.complete('t5', 'acme', 'mira', '')$$, 'PT404', 'turn_not_found',
  'a turn that was never begun cannot end');
select throws_ok($$select spec.complete('t4', 'acme', 'olga', '')$$, 'PT404', 'turn_not_found',
  'nor someone else''s');

-- Leases
select spec.act_as('mira');
select is(spec.ask('t6', 'chat', 'Six') -> 'open' -> 0 ->> 'id', id('t4')::text,
  'a turn that is still being made is told of');
select spec.act_as_operator();
update turns set lease_expires_at = now() - interval '1 second' where id in (id('t4'), id('t6'));
select spec.act_as('mira');
select is((select array_agg(e order by e ->> 'id') from jsonb_array_elements(
    spec.ask('t7', 'chat', 'Seven') -> 'closed') e),
  (select array_agg(jsonb_build_object('id', e, 'user_id', id('mira')) order by e::text)
    from unnest(array[id('t4'), id('t6')]) e),
  'the next turn closes those whose lease ran out, and says whose they were');
select is((select array_agg(distinct m.status || ' ' || t.state) from messages m join turns t using (id)
    where m.id in (id('t4'), id('t6'))), array['interrupted interrupted'], 'as interrupted');
select is(spec.complete('t4', 'acme', 'mira', 'Late.') -> 'message' ->> 'content', 'Late.',
  'an answer that comes late to one with nothing said is taken');
select is(spec.complete('t4', 'acme', 'mira', 'Later.') -> 'message' ->> 'content', 'Late.', 'once');
select is(spec.complete('t6', 'acme', 'mira', 'Half', '{"status": "interrupted"}')
  -> 'message' ->> 'status', 'interrupted', 'what was said so far counts as well');
select is(spec.complete('t6', 'acme', 'mira', 'Whole') ->> 'changed', 'false', 'once');

-- Deleted in the meantime
select spec.ask('t8', 'chat', 'Eight');
select spec.act_as('olga');
delete from messages where id = id('t8');
select is(spec.complete('t8', 'acme', 'mira', 'Too late.') -> 'message' ->> 'content', '',
  'the answer to a deleted message is not kept');
select isnt_empty($$select 1 from provider_usage where id = id('t8')$$, 'what it took is');
select spec.ask('t9', 'chat', 'Nine');
select delete_conversation(jsonb_build_object('id', id('chat')));
select is(spec.complete('t9', 'acme', 'olga', 'Too late.') -> 'message' ->> 'content', '',
  'nor is one in a deleted conversation');
select is((select count(*) from messages where conversation_id = id('chat')
    and (content <> '""' or problem is not null or decision is not null)), 0::bigint,
  'of which nothing is left to read');

-- get_turn
select spec.act_as('otto');
select is(get_turn(jsonb_build_object('id', id('far answer'))) #>> '{message,content}', 'Arabica.',
  'a turn is shown with its answer');
select is(get_turn(jsonb_build_object('id', id('far answer'))) ->> 'role', 'owner',
  'and with what the caller may do there');
select throws_ok($$select get_turn(jsonb_build_object('id', id('answer')))$$, 'PT404',
  'turn_not_found', 'to another tenant it is not there');

select * from finish();
rollback;
