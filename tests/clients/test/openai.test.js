// OpenAI's own client, against the API with a person's token and against the daemon as any program on the machine.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import OpenAI from "openai";

import { someone, url } from "../support/platform.js";

const question = { model: "default", messages: [{ role: "user", content: "Say hello." }], max_tokens: 16 };

function speaksOpenAI(client) {
  it("lists the model", async () => {
    const { data } = await client().models.list();
    assert.equal(data.length, 1);
    assert.equal(data[0].object, "model");
  });

  it("answers whole, with its usage", async () => {
    const answer = await client().chat.completions.create(question);
    assert.ok(answer.choices[0].message.content.length > 0);
    assert.ok(["stop", "length"].includes(answer.choices[0].finish_reason));
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  });

  it("answers in a stream, with its usage where that is asked for", async () => {
    const asked = { ...question, stream: true, stream_options: { include_usage: true } };
    let text = "";
    let usage = null;
    let chunks = 0;
    for await (const chunk of await client().chat.completions.create(asked)) {
      text += chunk.choices[0]?.delta?.content ?? "";
      usage = chunk.usage ?? usage;
      chunks += 1;
    }
    assert.ok(text.length > 0 && chunks > 2, `${chunks} chunks: ${text}`);
    assert.ok(usage.completion_tokens > 0);
  });

  it("names a model that is not there", async () => {
    await assert.rejects(client().chat.completions.create({ ...question, model: "gpt-99" }), (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError, String(error));
      assert.equal(error.code, "model_not_found");
      return true;
    });
  });
}

describe("openai, at the API", () => {
  let client;
  before(async () => {
    const { session } = await someone();
    client = new OpenAI({ baseURL: `${url}/v1`, apiKey: session.access_token, maxRetries: 0 });
  });
  speaksOpenAI(() => client);

  it("lets nobody in without a token", async () => {
    const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: "nobody", maxRetries: 0 });
    await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
  });
});

describe("openai, at the daemon", () => {
  const client = new OpenAI({ baseURL: `${process.env.HEARTH_EDGE_URL}/v1`, apiKey: "none", maxRetries: 0 });
  speaksOpenAI(() => client);
});
