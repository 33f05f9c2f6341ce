// Upstash's own clients over the real Redis.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ratelimit } from "@upstash/ratelimit";
import { redis, redisRaw, redisToken, unique, url } from "../support/platform.js";

test("values come back as what they were", async () => {
  const client = redis();
  const key = unique("value");
  for (const value of ["text", "für 日本", 42, 1.5, true, null, { a: [1, { b: "c" }] }, ["x", 1]]) {
    await client.set(key, value);
    assert.deepEqual(await client.get(key), value);
  }
  assert.equal(await client.get(unique("missing")), null);
  assert.equal(await client.ping(), "PONG");
});

test("hashes, lists, sets, sorted sets, expiry", async () => {
  const client = redis();
  const key = unique("types");
  await client.hset(`${key}:h`, { a: 1, b: "two" });
  assert.deepEqual(await client.hgetall(`${key}:h`), { a: 1, b: "two" });
  assert.equal(await client.rpush(`${key}:l`, "a", "b", "c"), 3);
  assert.deepEqual(await client.lrange(`${key}:l`, 0, -1), ["a", "b", "c"]);
  await client.sadd(`${key}:s`, "a", "b");
  assert.deepEqual((await client.smembers(`${key}:s`)).sort(), ["a", "b"]);
  await client.zadd(`${key}:z`, { score: 1, member: "a" }, { score: 2, member: "b" });
  assert.deepEqual(await client.zrange(`${key}:z`, 0, -1, { withScores: true }), ["a", 1, "b", 2]);
  await client.set(`${key}:e`, "x", { ex: 100 });
  assert.ok((await client.ttl(`${key}:e`)) > 90);
  assert.equal(await client.type(`${key}:l`), "list");
  assert.equal(await client.incrby(`${key}:n`, 5), 5);
});

test("streams are written and read", async () => {
  const client = redis();
  const key = unique("stream");
  const id = await client.xadd(key, "*", { text: "Hello", n: 1 });
  const read = await client.xrange(key, "-", "+");
  assert.deepEqual(read, { [id]: { text: "Hello", n: 1 } });
  assert.equal(await client.xlen(key), 1);
});

test("a pipeline goes on after an error", async () => {
  const key = unique("pipeline");
  const { status, json } = await redisRaw("/pipeline", [
    ["SET", key, "text"],
    ["INCR", key],
    ["NONSENSE"],
    ["SELECT", "1"],
    ["GET", key],
  ]);
  assert.equal(status, 200);
  assert.deepEqual(json[0], { result: "OK" });
  assert.match(json[1].error, /^ERR value is not an integer/);
  assert.match(json[2].error, /^ERR unknown command/);
  assert.match(json[3].error, /not available/);
  assert.deepEqual(json[4], { result: "text" });
  const pipeline = redis().pipeline();
  pipeline.set(key, 1);
  pipeline.incr(key);
  pipeline.get(key);
  assert.deepEqual(await pipeline.exec(), ["OK", 2, 2]);
});

test("a transaction is whole, or not at all", async () => {
  const key = unique("multi");
  const transaction = redis().multi();
  transaction.set(key, 1);
  transaction.incr(key);
  assert.deepEqual(await transaction.exec(), ["OK", 2]);
  const { status, json } = await redisRaw("/multi-exec", [["SET", key, "9"], ["INCR"]]);
  assert.equal(status, 400);
  assert.match(json.error, /wrong number of arguments/);
  assert.equal(await redis().get(key), 2);
});

test("transactions at the same moment never mix", async () => {
  const key = unique("mix");
  const runs = Array.from({ length: 40 }, async () => {
    const { json } = await redisRaw("/multi-exec", [["INCR", key], ["GET", key], ["INCR", key]]);
    return json.map(({ result }) => Number(result));
  });
  for (const [first, seen, last] of await Promise.all(runs)) {
    assert.equal(seen, first);
    assert.equal(last, first + 1);
  }
});

test("what would disturb other callers is refused, and nobody notices", async () => {
  const refused = [
    ["MULTI"],
    ["EXEC"],
    ["WATCH", "a"],
    ["SELECT", "1"],
    ["SUBSCRIBE", "a"],
    ["BLPOP", "a", "0"],
    ["XREAD", "BLOCK", "0", "STREAMS", "a", "$"],
    ["CLIENT", "REPLY", "OFF"],
    ["MONITOR"],
    ["QUIT"],
    ["SHUTDOWN"],
    ["CONFIG", "SET", "maxmemory", "1"],
  ];
  for (const command of refused) {
    const { status, json } = await redisRaw("", command);
    assert.equal(status, 400, command.join(" "));
    assert.match(json.error, /^ERR Command is not available/, command.join(" "));
    assert.equal(await redis().ping(), "PONG");
  }
});

test("scripts run, by text and by digest", async () => {
  const client = redis();
  const key = unique("script");
  const text = "redis.call('SET', KEYS[1], ARGV[1]) return {KEYS[1], ARGV[1], 7}";
  assert.deepEqual(await client.eval(text, [key], ["v"]), [key, "v", 7]);
  const digest = await client.scriptLoad(text);
  assert.deepEqual(await client.evalsha(digest, [key], ["w"]), [key, "w", 7]);
  const script = client.createScript("return ARGV[1]");
  assert.equal(await script.exec([], ["hello"]), "hello");
  await assert.rejects(client.evalsha("0".repeat(40), [], []), /NOSCRIPT/);
});

test("a script with Upstash's flag runs, also by its digest", async () => {
  const client = redis();
  const script = client.createScript("#!lua flags=allow-key-locking\nreturn ARGV[1]");
  assert.equal(await script.eval([], ["a"]), "a");
  assert.equal(await script.evalsha([], ["b"]), "b");
});

test("Upstash's rate limiter limits", async () => {
  const limiter = new Ratelimit({
    redis: redis(),
    limiter: Ratelimit.slidingWindow(3, "60 s"),
    prefix: unique("limit"),
    ephemeralCache: false,
  });
  const allowed = [];
  for (let n = 0; n < 5; n += 1) allowed.push((await limiter.limit("caller")).success);
  assert.deepEqual(allowed, [true, true, true, false, false]);
  const fixed = new Ratelimit({ redis: redis(), limiter: Ratelimit.tokenBucket(2, "60 s", 2), prefix: unique("limit") });
  const bucket = [];
  for (let n = 0; n < 3; n += 1) bucket.push((await fixed.limit("caller")).success);
  assert.deepEqual(bucket, [true, true, false]);
});

test("strings are in base64 when asked for, numbers and OK are not", async () => {
  const key = unique("base64");
  const ask = (command) => redisRaw("", command, { "upstash-encoding": "base64" });
  assert.deepEqual((await ask(["SET", key, "é"])).json, { result: "OK" });
  assert.deepEqual((await ask(["GET", key])).json, { result: Buffer.from("é").toString("base64") });
  assert.deepEqual((await ask(["STRLEN", key])).json, { result: 2 });
  assert.deepEqual((await ask(["GET", unique("no")])).json, { result: null });
  const plain = redis({ responseEncoding: false });
  assert.equal(await plain.get(key), "é");
});

test("a command may be a path, its value a body, its token a parameter", async () => {
  const key = unique("path");
  assert.deepEqual((await redisRaw(`/set/${key}/a%20b?EX=100`)).json, { result: "OK" });
  assert.deepEqual((await redisRaw(`/get/${key}`)).json, { result: "a b" });
  assert.deepEqual((await redisRaw(`/set/${key}`, '{"json": true}')).json, { result: "OK" });
  const answer = await fetch(`${url}/redis/get/${key}?_token=${redisToken}`);
  assert.deepEqual(await answer.json(), { result: '{"json": true}' });
});

test("without its token nothing is told", async () => {
  for (const headers of [{}, { authorization: "Bearer no" }]) {
    const answer = await fetch(`${url}/redis`, { method: "POST", headers, body: '["PING"]' });
    assert.equal(answer.status, 401);
    assert.match((await answer.json()).error, /^WRONGPASS/);
  }
});

test("errors have Upstash's shape", async () => {
  const wrong = await redisRaw("", ["GET"]);
  assert.equal(wrong.status, 400);
  assert.match(wrong.json.error, /^ERR wrong number of arguments/);
  for (const body of ["{", "{}", "[]", '[["GET","a"]]', '"GET"']) {
    const { status, json } = await redisRaw("", body);
    assert.equal(status, 400, body);
    assert.match(json.error, /^ERR/);
  }
  await assert.rejects(redis().incr((await keyWithText())), /not an integer/);
});

async function keyWithText() {
  const key = unique("text");
  await redis().set(key, "text");
  return key;
}

test("a body without end is cut off", async () => {
  const { status, json } = await redisRaw("", JSON.stringify(["SET", "large", "x".repeat(11 * 1024 * 1024)]));
  assert.equal(status, 413);
  assert.match(json.error, /max request size/);
});
