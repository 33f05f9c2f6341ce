// The running `hearth up` that the tests speak to, as its JSON line describes it.

import { createClient } from "@supabase/supabase-js";
import { Redis } from "@upstash/redis";
import { randomBytes, randomUUID } from "node:crypto";

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run \`hearth up --json\` and pass what it prints`);
  return value;
}

export const url = setting("HEARTH_URL");
export const keys = {
  publishable: setting("HEARTH_PUBLISHABLE_KEY"),
  secret: setting("HEARTH_SECRET_KEY"),
  anon: setting("HEARTH_ANON_KEY"),
  service: setting("HEARTH_SERVICE_KEY"),
};
const redisToken = setting("HEARTH_REDIS_TOKEN");

// Node 20 has no WebSocket of its own, and nothing here opens one.
class NoSocket {}

/** A Supabase client of one person: it keeps its session to itself. */
export function supabase(key = keys.publishable, options = {}) {
  return createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    realtime: { transport: NoSocket },
    ...options,
  });
}

/** An address that no other test uses, and a password. */
export function newcomer() {
  return { email: `${randomUUID()}@example.com`, password: randomBytes(12).toString("base64url") };
}

/** Someone who has signed up: their client, session and Personal workspace. */
export async function someone() {
  const login = newcomer();
  const client = supabase();
  const { data, error } = await client.auth.signUp(login);
  if (error) throw error;
  const me = await client.rpc("get_me", { p: {} });
  if (me.error) throw me.error;
  return { ...login, client, session: data.session, user: data.user, workspace: me.data.personal_workspace_id };
}

export function redis(options = {}) {
  return new Redis({ url: `${url}/redis`, token: redisToken, enableTelemetry: false, ...options });
}

/** A plain request to the Redis endpoint, with its bearer. */
export async function redisRaw(path, body, headers = {}) {
  const answer = await fetch(`${url}/redis${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${redisToken}`, ...headers },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: answer.status, json: await answer.json() };
}

export { redisToken };
export const unique = (name) => `${name}:${randomUUID()}`;
