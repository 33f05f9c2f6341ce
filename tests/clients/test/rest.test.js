// Reading and writing under row-level security, through supabase-js.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, test } from "node:test";
import { keys, someone, supabase, url } from "../support/platform.js";

let ann, bob;
before(async () => {
  [ann, bob] = await Promise.all([someone(), someone()]);
});

const ok = ({ data, error }) => {
  assert.equal(error, null, JSON.stringify(error));
  return data;
};

async function conversation(person, fields = {}) {
  const row = { id: randomUUID(), workspace_id: person.workspace, title: "A talk", ...fields };
  const { error } = await person.client.from("conversations").insert(row);
  assert.equal(error, null, JSON.stringify(error));
  return row;
}

test("what one writes one reads", async () => {
  const row = await conversation(ann);
  const [read] = ok(await ann.client.from("conversations").select("id, title, created_by").eq("id", row.id));
  assert.deepEqual(read, { id: row.id, title: "A talk", created_by: ann.user.id });
});

test("an insert gives back what was made", async () => {
  const made = ok(
    await ann.client
      .from("conversations")
      .insert({ workspace_id: ann.workspace, title: "Given back" })
      .select("title, archived, revision")
      .single(),
  );
  assert.equal(made.title, "Given back");
  assert.equal(made.archived, false);
  assert.ok(made.revision > 0);
});

test("two tenants see nothing of one another", async () => {
  const row = await conversation(ann);
  assert.deepEqual(ok(await bob.client.from("conversations").select().eq("id", row.id)), []);
  assert.deepEqual(ok(await bob.client.from("workspaces").select().eq("id", ann.workspace)), []);
  const update = await bob.client.from("conversations").update({ title: "mine" }).eq("id", row.id).select();
  assert.deepEqual(ok(update), []);
  assert.deepEqual(ok(await bob.client.from("conversations").delete().eq("id", row.id).select()), []);
  const insert = await bob.client.from("conversations").insert({ workspace_id: ann.workspace, title: "in" });
  assert.ok(insert.error);
  assert.equal(insert.status, 403);
  const hidden = await bob.client.rpc("get_conversation", { p: { id: row.id } });
  assert.equal(hidden.status, 404);
  assert.equal(hidden.error.message, "conversation_not_found");
});

test("one not signed in reads nothing", async () => {
  for (const key of [keys.publishable, keys.anon]) {
    const { error, status } = await supabase(key).from("conversations").select();
    assert.equal(error.code, "42501");
    assert.equal(status, 401);
  }
});

test("the server's own keys see all, the old one and the new one", async () => {
  const row = await conversation(ann);
  for (const key of [keys.secret, keys.service]) {
    assert.equal(ok(await supabase(key).from("conversations").select("id").eq("id", row.id)).length, 1);
  }
});

test("a user's token wins over the key that it came with", async () => {
  const row = await conversation(ann);
  const client = supabase(keys.secret, {
    global: { headers: { authorization: `Bearer ${bob.session.access_token}` } },
  });
  assert.deepEqual(ok(await client.from("conversations").select("id").eq("id", row.id)), []);
});

test("many rows are inserted at once, with different columns too", async () => {
  const title = `bulk ${randomUUID()}`;
  const rows = ["a", "b", "c"].map((model) => ({ workspace_id: ann.workspace, title, model }));
  ok(await ann.client.from("conversations").insert(rows));
  ok(
    await ann.client.from("conversations").insert([
      { workspace_id: ann.workspace, title, archived: true },
      { workspace_id: ann.workspace, title, archived: false },
    ]),
  );
  const models = ok(await ann.client.from("conversations").select("model").eq("title", title).order("model"));
  assert.deepEqual(models.map((row) => row.model), ["a", "b", "c", null, null]);
});

test("filters find what has spaces, plus signs, quotes, commas and other scripts", async () => {
  for (const title of ["two words", "1+1=2", 'say "hi"', "a,b", "(x)", "100%", "für Ümläute 日本"]) {
    const row = await conversation(ann, { title });
    const found = ok(await ann.client.from("conversations").select("id").eq("title", title).eq("id", row.id));
    assert.equal(found.length, 1, title);
    const among = await ann.client.from("conversations").select("id").in("title", [title]).eq("id", row.id);
    assert.equal(ok(among).length, 1, `in: ${title}`);
  }
  const row = await conversation(ann, { title: "a long title of words" });
  const like = await ann.client.from("conversations").select("id").ilike("title", "%LONG title%").eq("id", row.id);
  assert.equal(ok(like).length, 1);
});

test("an update and a delete by a filter with a space touch their rows only", async () => {
  const title = `to change ${randomUUID()}`;
  const [row, other] = [await conversation(ann, { title }), await conversation(ann)];
  const changed = await ann.client.from("conversations").update({ archived: true }).eq("title", title).select("id");
  assert.deepEqual(ok(changed), [{ id: row.id }]);
  ok(await ann.client.from("conversations").delete().eq("title", title));
  const left = await ann.client.from("conversations").select("id, title, deleted_at").in("id", [row.id, other.id]);
  const tombstone = ok(left).find(({ id }) => id === row.id);
  assert.ok(tombstone === undefined || (tombstone.title === null && tombstone.deleted_at !== null));
  assert.equal(ok(left).find(({ id }) => id === other.id).deleted_at, null);
});

test("an upsert inserts, then changes", async () => {
  const row = { workspace_id: ann.workspace, id: randomUUID() };
  const upsert = (title) =>
    ann.client.from("conversations").upsert({ ...row, title }, { onConflict: "workspace_id,id" }).select("title");
  const first = await upsert("first");
  // An upsert names every column in its update, and the keys may not be updated by a user.
  if (first.error) {
    assert.equal(first.error.code, "42501");
    assert.equal(first.status, 403);
  } else {
    assert.deepEqual(ok(await upsert("second")), [{ title: "second" }]);
  }
  const flag = { name: `flag_${randomUUID().replaceAll("-", "")}`, workspace_id: null };
  const server = (enabled, options = {}) =>
    supabase(keys.secret)
      .from("feature_flags")
      .upsert({ ...flag, enabled }, { onConflict: "name,workspace_id", ...options })
      .select("enabled");
  assert.deepEqual(ok(await server(true)), [{ enabled: true }]);
  assert.deepEqual(ok(await server(false)), [{ enabled: false }]);
  assert.deepEqual(ok(await server(true, { ignoreDuplicates: true })), []);
});

test("rows are counted", async () => {
  const title = `counted ${randomUUID()}`;
  for (let n = 0; n < 3; n += 1) await conversation(ann, { title });
  const read = await ann.client.from("conversations").select("*", { count: "exact" }).eq("title", title).limit(2);
  assert.equal(ok(read).length, 2);
  assert.equal(read.count, 3);
  const head = await ann.client.from("conversations").select("*", { count: "exact", head: true }).eq("title", title);
  assert.equal(head.count, 3);
  const update = await ann.client
    .from("conversations")
    .update({ archived: true }, { count: "exact" })
    .eq("title", title);
  assert.equal(update.error, null);
  assert.equal(update.count, 3);
  const none = await ann.client
    .from("conversations")
    .update({ archived: true }, { count: "exact" })
    .eq("id", randomUUID());
  assert.equal(none.count, 0);
  const insert = await ann.client
    .from("conversations")
    .insert([{ workspace_id: ann.workspace }, { workspace_id: ann.workspace }], { count: "exact" });
  assert.equal(insert.error, null);
  assert.equal(insert.count, 2);
  assert.equal(insert.data, null);
});

test("order, range, or and nested conditions", async () => {
  const title = `ordered ${randomUUID()}`;
  for (const model of ["x", "y", "z"]) await conversation(ann, { title, model });
  const page = await ann.client
    .from("conversations")
    .select("model")
    .eq("title", title)
    .order("model", { ascending: false })
    .range(1, 2);
  assert.deepEqual(ok(page).map((row) => row.model), ["y", "x"]);
  const either = await ann.client.from("conversations").select("model").eq("title", title).or("model.eq.x,model.eq.z");
  assert.equal(ok(either).length, 2);
  const none = await ann.client.from("conversations").select("model").eq("title", title).not("model", "in", "(x,y,z)");
  assert.deepEqual(ok(none), []);
});

test("a conversation's messages come with it", async () => {
  const row = await conversation(ann);
  const said = { workspace_id: ann.workspace, conversation_id: row.id, content: "Hello there" };
  ok(await ann.client.from("messages").insert(said));
  const [read] = ok(await ann.client.from("conversations").select("id, messages(content, role)").eq("id", row.id));
  assert.deepEqual(read.messages, [{ content: "Hello there", role: "user" }]);
});

test("single says so when there is none, maybeSingle does not mind", async () => {
  const nobody = randomUUID();
  const single = await ann.client.from("conversations").select().eq("id", nobody).single();
  assert.equal(single.error.code, "PGRST116");
  assert.equal(ok(await ann.client.from("conversations").select().eq("id", nobody).maybeSingle()), null);
});

test("an unknown column and an unknown table are errors", async () => {
  const column = await ann.client.from("conversations").select("nothing");
  assert.equal(column.status, 400);
  assert.equal(column.error.code, "42703");
  const table = await ann.client.from("nothing").select();
  assert.equal(table.status, 404);
  assert.equal(table.error.code, "PGRST205");
});

test("a function's own refusal arrives whole: status, code, sentence", async () => {
  const { error, status } = await ann.client.rpc("get_workspace", { p: { id: randomUUID() } });
  assert.equal(status, 404);
  assert.equal(error.message, "workspace_not_found");
  assert.ok(error.details.length > 0);
});

test("what the server authors no user may write", async () => {
  const row = await conversation(ann);
  const place = { workspace_id: ann.workspace, conversation_id: row.id };
  const refused = async (what, attempt) => {
    const { error, status } = await attempt;
    assert.ok(error, what);
    assert.equal(status, 403, `${what}: ${JSON.stringify(error)}`);
  };
  const from = (table) => ann.client.from(table);
  await refused("assistant", from("messages").insert({ ...place, role: "assistant", content: "forged" }));
  await refused("system", from("messages").insert({ ...place, role: "system", content: "forged" }));
  await refused("usage", from("messages").insert({ ...place, content: "x", usage: { prompt_tokens: 1 } }));
  await refused("decision", from("messages").insert({ ...place, content: "x", decision: {} }));
  await refused("tokens", from("messages").insert({ ...place, content: "x", tokens: 1 }));
  await refused("author", from("messages").insert({ ...place, content: "x", author_id: bob.user.id }));
  await refused("message revision", from("messages").insert({ ...place, content: "x", revision: 1 }));
  await refused("revision", from("conversations").update({ revision: 1 }).eq("id", row.id));
  await refused("turn", from("turns").insert({ ...place, id: randomUUID(), user_id: ann.user.id }));
  await refused("turn state", from("turns").update({ state: "completed" }).eq("workspace_id", ann.workspace));
  await refused("decisions", from("routing_decisions").insert({ workspace_id: ann.workspace }));
  await refused("usage rows", from("provider_usage").insert({ workspace_id: ann.workspace }));
  await refused("audit log", from("audit_log").insert({ workspace_id: ann.workspace, action: "x" }));
  await refused("audit log", from("audit_log").delete().eq("workspace_id", ann.workspace));
  await refused("flags", from("feature_flags").insert({ name: "mine", enabled: true }));
  await refused("retention", ann.client.rpc("trim_audit_log", { p: {} }));
});

test("a member who calls complete_turn himself changes nothing", async () => {
  const row = await conversation(ann);
  const turn = randomUUID();
  const begun = ok(
    await ann.client.rpc("begin_turn", {
      p: {
        turn_id: turn,
        conversation_id: row.id,
        content: "Hello",
        has_parent: false,
        request_digest: "d",
        options: {},
      },
    }),
  );
  assert.equal(begun.created, true);
  const forged = await ann.client.rpc("complete_turn", {
    p_workspace: ann.workspace,
    p_turn: turn,
    p_user: ann.user.id,
    p_payload: JSON.stringify({ status: "completed", content: "forged" }),
    p_expires: Math.floor(Date.now() / 1000) + 60,
    p_mac: "0".repeat(64),
  });
  assert.equal(forged.status, 403);
  assert.equal(forged.error.message, "signature_invalid");
  const after = ok(await ann.client.rpc("get_turn", { p: { id: turn } }));
  assert.equal(after.state, "pending");
});

test("the schemas behind are out of reach", async () => {
  for (const schema of ["hearth", "auth", "supabase_migrations", "pg_catalog"]) {
    const { error, status } = await ann.client.schema(schema).from("secrets").select();
    assert.equal(error.code, "PGRST106", schema);
    assert.equal(status, 406);
  }
});

test("browsers may ask first", async () => {
  const answer = await fetch(`${url}/rest/v1/conversations?select=id`, {
    method: "OPTIONS",
    headers: {
      origin: "http://elsewhere.example",
      "access-control-request-method": "PATCH",
      "access-control-request-headers": "authorization,apikey,content-type,prefer,x-client-info",
    },
  });
  assert.ok(answer.ok);
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  assert.match(answer.headers.get("access-control-allow-headers"), /prefer/);
  assert.match(answer.headers.get("access-control-allow-methods"), /PATCH/);
});
