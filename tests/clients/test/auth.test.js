// Sign-up, sign-in, sessions and what refuses them, through supabase-js.

import assert from "node:assert/strict";
import { test } from "node:test";
import { keys, newcomer, someone, supabase, url } from "../support/platform.js";

const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
const header = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url"));

test("a sign-up is a session with an asymmetric token", async () => {
  const { session, user, email } = await someone();
  assert.equal(session.token_type, "bearer");
  assert.equal(session.expires_in, 3600);
  assert.equal(user.email, email);
  assert.equal(user.aud, "authenticated");
  assert.equal(user.identities.length, 1);
  assert.ok(user.email_confirmed_at);
  const { alg, kid } = header(session.access_token);
  assert.equal(alg, "ES256");
  const jwks = await (await fetch(`${url}/auth/v1/.well-known/jwks.json`)).json();
  assert.ok(jwks.keys.some((key) => key.kid === kid && key.d === undefined));
  const said = claims(session.access_token);
  assert.equal(said.iss, `${url}/auth/v1`);
  assert.equal(said.aud, "authenticated");
  assert.equal(said.role, "authenticated");
  assert.equal(said.sub, user.id);
  assert.equal(said.email, email);
  assert.ok(said.session_id);
  assert.equal(said.exp - said.iat, 3600);
});

test("an address is taken once, however it is written", async () => {
  const { email, password } = await someone();
  const { error } = await supabase().auth.signUp({ email: email.toUpperCase(), password });
  assert.equal(error.code, "user_already_exists");
  assert.equal(error.status, 422);
});

test("a weak password and a wrong address are named", async () => {
  const weak = await supabase().auth.signUp({ email: newcomer().email, password: "12345" });
  assert.equal(weak.error.name, "AuthWeakPasswordError");
  const wrong = await supabase().auth.signUp({ email: "nobody", password: "long enough" });
  assert.equal(wrong.error.code, "validation_failed");
  const long = await supabase().auth.signUp({ email: newcomer().email, password: "x".repeat(73) });
  assert.equal(long.error.code, "validation_failed");
});

test("a sign-in, and a wrong password that says no more than an unknown address does", async () => {
  const { email, password } = await someone();
  const client = supabase();
  const right = await client.auth.signInWithPassword({ email, password });
  assert.equal(right.error, null);
  assert.ok(right.data.user.last_sign_in_at);
  const wrong = await supabase().auth.signInWithPassword({ email, password: "not this one" });
  const nobody = await supabase().auth.signInWithPassword({ ...newcomer() });
  for (const { error } of [wrong, nobody]) {
    assert.equal(error.status, 400);
    assert.equal(error.code, "invalid_credentials");
    assert.equal(error.message, "Invalid login credentials");
  }
});

test("the eleventh wrong password waits", async () => {
  const { email, password } = await someone();
  const attempt = (password) => supabase().auth.signInWithPassword({ email, password });
  const wrong = await Promise.all(Array.from({ length: 10 }, () => attempt("not this one")));
  assert.ok(wrong.every(({ error }) => error.code === "invalid_credentials"));
  const { error } = await attempt(password);
  assert.equal(error.status, 429);
  assert.equal(error.code, "over_request_rate_limit");
});

test("a refresh gives another token of each kind", async () => {
  const { client, session } = await someone();
  const { data, error } = await client.auth.refreshSession();
  assert.equal(error, null);
  assert.notEqual(data.session.refresh_token, session.refresh_token);
  assert.equal(claims(data.session.access_token).session_id, claims(session.access_token).session_id);
  assert.equal((await client.rpc("get_me", { p: {} })).error, null);
});

test("two tabs that refresh at once both go on", async () => {
  const { session } = await someone();
  const refresh = (refresh_token) => supabase().auth.refreshSession({ refresh_token });
  const [one, other] = await Promise.all([refresh(session.refresh_token), refresh(session.refresh_token)]);
  assert.equal(one.error, null);
  assert.equal(other.error, null);
  for (const { data } of [one, other]) {
    assert.equal((await refresh(data.session.refresh_token)).error, null);
  }
});

test("an unknown refresh token is refused", async () => {
  const { error } = await supabase().auth.refreshSession({ refresh_token: "unknown" });
  assert.equal(error.code, "refresh_token_not_found");
});

test("a user sees and changes what is theirs", async () => {
  const { client, email } = await someone();
  const changed = await client.auth.updateUser({ data: { theme: "dark" } });
  assert.equal(changed.error, null);
  assert.equal(changed.data.user.user_metadata.theme, "dark");
  const { data } = await client.auth.getUser();
  assert.equal(data.user.email, email);
  assert.equal(data.user.user_metadata.theme, "dark");
});

test("a new password ends the other sessions, and the old one no longer opens", async () => {
  const { client, email, password } = await someone();
  const elsewhere = supabase();
  await elsewhere.auth.signInWithPassword({ email, password });
  assert.equal((await client.auth.updateUser({ password })).error.code, "same_password");
  assert.equal((await client.auth.updateUser({ password: "another one" })).error, null);
  assert.ok((await elsewhere.auth.refreshSession()).error);
  assert.equal((await client.auth.refreshSession()).error, null);
  const old = await supabase().auth.signInWithPassword({ email, password });
  assert.equal(old.error.code, "invalid_credentials");
  const fresh = await supabase().auth.signInWithPassword({ email, password: "another one" });
  assert.equal(fresh.error, null);
});

test("a log-out ends this session, the others, or all", async () => {
  const { email, password, client: first } = await someone();
  const clients = [first, supabase(), supabase()];
  for (const client of clients.slice(1)) await client.auth.signInWithPassword({ email, password });
  const sessions = await Promise.all(clients.map((client) => client.auth.getSession()));
  const token = (n) => sessions[n].data.session;
  const lives = async (n) => !(await supabase().auth.getUser(token(n).access_token)).error;

  assert.equal((await clients[0].auth.signOut({ scope: "local" })).error, null);
  assert.deepEqual([await lives(0), await lives(1), await lives(2)], [false, true, true]);
  assert.equal((await clients[1].auth.signOut({ scope: "others" })).error, null);
  assert.deepEqual([await lives(1), await lives(2)], [true, false]);
  assert.equal((await clients[1].auth.signOut()).error, null);
  assert.equal(await lives(1), false);
  const gone = await supabase().auth.refreshSession({ refresh_token: token(1).refresh_token });
  assert.ok(gone.error);
});

test("supabase-js verifies the token by the public key alone", async () => {
  const { client, user } = await someone();
  const { data, error } = await client.auth.getClaims();
  assert.equal(error, null);
  assert.equal(data.claims.sub, user.id);
});

test("without an apikey the gateway refuses, with any of the four it does not", async () => {
  const bare = await fetch(`${url}/auth/v1/settings`);
  assert.equal(bare.status, 401);
  assert.equal((await bare.json()).message, "No API key found in request");
  for (const key of Object.values(keys)) {
    assert.equal((await fetch(`${url}/auth/v1/settings`, { headers: { apikey: key } })).status, 200);
  }
  const wrong = await fetch(`${url}/auth/v1/settings`, { headers: { apikey: "sb_publishable_no" } });
  assert.equal(wrong.status, 401);
});

test("a body that is not JSON is a problem of its sender", async () => {
  const answer = await fetch(`${url}/auth/v1/signup`, {
    method: "POST",
    headers: { apikey: keys.publishable, "content-type": "application/json" },
    body: "{",
  });
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).error_code, "bad_json");
});

test("what needs mail is not here, and says so", async () => {
  const { error } = await supabase().auth.resetPasswordForEmail("someone@example.com");
  assert.equal(error.status, 404);
  assert.match(error.message, /reset-password/);
});
