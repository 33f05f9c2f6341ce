// Tokens that nobody here signed, at the REST endpoint and at the account's.

import assert from "node:assert/strict";
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { before, test } from "node:test";
import { keys, someone, url } from "../support/platform.js";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));

let person, header, claims, jwk;
before(async () => {
  person = await someone();
  [header, claims] = person.session.access_token.split(".").slice(0, 2).map(decode);
  const jwks = await (await fetch(`${url}/auth/v1/.well-known/jwks.json`)).json();
  jwk = jwks.keys.find((key) => key.kid === header.kid);
});

const signed = (head, body, signature) => {
  const input = `${encode(head)}.${encode(body)}`;
  return `${input}.${signature(input)}`;
};
const hs256 = (secret) => (input) => createHmac("sha256", secret).update(input).digest("base64url");
const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
const es256 = (input) =>
  sign("sha256", Buffer.from(input), { key: stranger.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");

async function answers(token) {
  const headers = { apikey: keys.publishable, authorization: `Bearer ${token}`, "content-type": "application/json" };
  const rest = await fetch(`${url}/rest/v1/rpc/get_me`, { method: "POST", headers, body: '{"p":{}}' });
  const user = await fetch(`${url}/auth/v1/user`, { headers });
  return [rest.status, user.status];
}

test("the genuine token opens", async () => {
  assert.deepEqual(await answers(person.session.access_token), [200, 200]);
});

test("a token that says it needs no signature", async () => {
  for (const alg of ["none", "None", "NONE"]) {
    assert.deepEqual(await answers(signed({ ...header, alg }, claims, () => "")), [401, 403], alg);
  }
});

test("HS256 with the public key for a secret, however it is written", async () => {
  const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
  for (const secret of [pem, pem.trim(), JSON.stringify(jwk), jwk.x, Buffer.from(jwk.x, "base64url")]) {
    assert.deepEqual(await answers(signed({ ...header, alg: "HS256" }, claims, hs256(secret))), [401, 403]);
    assert.deepEqual(await answers(signed({ alg: "HS256", typ: "JWT" }, claims, hs256(secret))), [401, 403]);
  }
});

test("another key, with the right name, an unknown one, and none", async () => {
  for (const kid of [header.kid, "unknown", undefined]) {
    assert.deepEqual(await answers(signed({ ...header, kid }, claims, es256)), [401, 403], kid);
  }
});

test("a key that the token brings along", async () => {
  const own = createPublicKey(createPrivateKey(stranger.privateKey.export({ type: "pkcs8", format: "pem" })));
  const head = { ...header, jwk: own.export({ format: "jwk" }) };
  assert.deepEqual(await answers(signed(head, claims, es256)), [401, 403]);
});

test("claims that were changed after signing", async () => {
  const [, , signature] = person.session.access_token.split(".");
  const token = `${encode(header)}.${encode({ ...claims, role: "service_role" })}.${signature}`;
  assert.deepEqual(await answers(token), [401, 403]);
});

test("what is no token", async () => {
  for (const token of ["x", "a.b.c", "..", `${person.session.access_token}x`]) {
    assert.deepEqual(await answers(token), [401, 403], token.slice(0, 8));
  }
});

test("an API key is nobody's account", async () => {
  for (const key of [keys.anon, keys.service]) {
    const answer = await fetch(`${url}/auth/v1/user`, { headers: { apikey: key, authorization: `Bearer ${key}` } });
    assert.equal(answer.status, 403);
  }
});
