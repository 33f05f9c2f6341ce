// Anthropic's own client for JavaScript, against the daemon.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.env.HEARTH_EDGE_URL, apiKey: "none", maxRetries: 0 });
const question = { model: "default", max_tokens: 12, temperature: 0, messages: [{ role: "user", content: "Write a story about the sea." }] };
const tool = {
  name: "get_weather",
  description: "The weather",
  input_schema: { type: "object", properties: { city: { enum: ["Paris", "Oslo"] } }, required: ["city"], additionalProperties: false },
};

describe("anthropic", () => {
  it("answers whole", async () => {
    const message = await client.messages.create(question);
    assert.ok(message.content[0].text.length > 10);
    assert.equal(message.stop_reason, "max_tokens");
    assert.equal(message.usage.output_tokens, 12);
  });

  it("answers in a stream with the same words", async () => {
    const whole = await client.messages.create(question);
    const final = await client.messages.stream(question).finalMessage();
    assert.equal(final.content[0].text, whole.content[0].text);
    assert.equal(final.stop_reason, "max_tokens");
  });

  it("uses a tool that is asked for, whole and streamed, and reads its result", async () => {
    const asked = { ...question, max_tokens: 60, tools: [tool], tool_choice: { type: "tool", name: "get_weather" } };
    const message = await client.messages.create(asked);
    assert.equal(message.stop_reason, "tool_use");
    const streamed = await client.messages.stream(asked).finalMessage();
    assert.deepEqual(streamed.content[0].input, message.content[0].input);
    const result = { type: "tool_result", tool_use_id: message.content[0].id, content: "sunny" };
    const messages = [...question.messages, { role: "assistant", content: message.content }, { role: "user", content: [result] }];
    assert.equal((await client.messages.create({ ...question, tools: [tool], messages })).type, "message");
  });

  it("counts tokens", async () => {
    const { input_tokens } = await client.messages.countTokens({ model: "default", messages: question.messages });
    assert.ok(input_tokens > 5 && input_tokens < 100);
  });

  it("has its own errors", async () => {
    await assert.rejects(client.messages.create({ ...question, model: "claude" }), Anthropic.NotFoundError);
    await assert.rejects(client.messages.create({ ...question, max_tokens: 0 }), Anthropic.BadRequestError);
  });
});
