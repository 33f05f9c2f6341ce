// OpenAI's own client for JavaScript, against a daemon with a chat model and one with an embedding model.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import OpenAI from "openai";

const at = (variable) => new OpenAI({ baseURL: `${process.env[variable]}/v1`, apiKey: "none", maxRetries: 0 });
const client = at("HEARTH_EDGE_URL");
const embedder = at("HEARTH_EDGE_EMBED_URL");

const messages = [{ role: "user", content: "Write a story about the sea." }];
const chat = (fields) => client.chat.completions.create({ model: "default", temperature: 0, max_tokens: 12, messages, ...fields });
const cities = {
  type: "object",
  properties: { city: { enum: ["Paris", "Oslo"] } },
  required: ["city"],
  additionalProperties: false,
};
const tools = [{ type: "function", function: { name: "get_weather", description: "The weather", parameters: cities } }];

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

describe("chat", () => {
  it("answers whole, with its usage", async () => {
    const answer = await chat({});
    assert.ok(answer.choices[0].message.content.length > 10);
    assert.equal(answer.choices[0].finish_reason, "length");
    assert.equal(answer.usage.completion_tokens, 12);
  });

  it("answers in a stream with the same words", async () => {
    const whole = await chat({});
    const chunks = await collect(await chat({ stream: true, stream_options: { include_usage: true } }));
    const text = chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? "").join("");
    assert.equal(text, whole.choices[0].message.content);
    assert.equal(chunks.at(-1).usage.completion_tokens, 12);
  });

  it("puts a stream together with the client's own helper", async () => {
    const runner = client.chat.completions.stream({ model: "default", messages, temperature: 0, max_tokens: 12 });
    const final = await runner.finalChatCompletion();
    assert.equal(final.choices[0].message.content, (await chat({})).choices[0].message.content);
  });

  it("stops a stream that nobody wants any more", async () => {
    const stream = await chat({ stream: true, max_tokens: 2000 });
    for await (const chunk of stream) {
      assert.ok(chunk.choices.length === 1);
      break;
    }
    assert.ok((await chat({ max_tokens: 1 })).choices[0].message.content.length > 0);
  });

  it("tells how likely tokens were", async () => {
    const { content } = (await chat({ logprobs: true, top_logprobs: 2 })).choices[0].logprobs;
    assert.equal(content.length, 12);
    assert.ok(content.every((token) => token.logprob <= 0 && token.top_logprobs.length === 2));
    assert.ok(Array.isArray(content[0].bytes));
  });

  it("writes several answers to one prompt", async () => {
    const { choices } = await chat({ n: 3, temperature: 1.5, seed: 3 });
    assert.equal(new Set(choices.map((choice) => choice.message.content)).size, 3);
  });

  it("ends at a stop string", async () => {
    const whole = (await chat({})).choices[0].message.content;
    const stop = whole.slice(8, 14);
    const cut = await chat({ stop });
    assert.equal(cut.choices[0].message.content, whole.slice(0, whole.indexOf(stop)));
    assert.equal(cut.choices[0].finish_reason, "stop");
  });

  it("repeats itself with a seed", async () => {
    const ask = async (seed) => (await chat({ seed, temperature: 1.5 })).choices[0].message.content;
    assert.equal(await ask(5), await ask(5));
    assert.notEqual(await ask(5), await ask(6));
  });

  it("goes on with an answer that was begun", async () => {
    const begun = { role: "assistant", content: "Once upon a" };
    const answer = await chat({ messages: [...messages, begun], max_tokens: 1 });
    assert.equal(answer.choices[0].message.content, " time");
  });
});

describe("json", () => {
  it("keeps to a schema", async () => {
    const format = { type: "json_schema", json_schema: { name: "place", strict: true, schema: cities } };
    const answer = await chat({ response_format: format, max_tokens: 40, temperature: 1.5 });
    assert.ok(["Paris", "Oslo"].includes(JSON.parse(answer.choices[0].message.content).city));
  });

  it("keeps to a schema in a stream", async () => {
    const format = { type: "json_schema", json_schema: { name: "place", strict: true, schema: cities } };
    const chunks = await collect(await chat({ response_format: format, max_tokens: 40, stream: true }));
    const text = chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? "").join("");
    assert.ok(["Paris", "Oslo"].includes(JSON.parse(text).city));
  });

  it("begins an object where any will do", async () => {
    const answer = await chat({ response_format: { type: "json_object" } });
    assert.ok(answer.choices[0].message.content.startsWith("{"));
  });

  it("is parsed by the client's own helper", async () => {
    const format = { type: "json_schema", json_schema: { name: "place", strict: true, schema: cities } };
    const answer = await client.chat.completions.parse({ model: "default", messages, response_format: format, max_tokens: 40 });
    assert.ok(answer.choices[0].message.content.includes("city"));
  });

  it("names a keyword that cannot be held", async () => {
    const format = { type: "json_schema", json_schema: { name: "x", schema: { type: "array", uniqueItems: true } } };
    await assert.rejects(chat({ response_format: format }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      return error.message.includes("uniqueItems") && error.param === "response_format";
    });
  });
});

describe("tools", () => {
  const named = { type: "function", function: { name: "get_weather" } };

  it("are called when that is asked for by name", async () => {
    const { finish_reason, message } = (await chat({ tools, tool_choice: named, max_tokens: 60 })).choices[0];
    assert.equal(finish_reason, "tool_calls");
    assert.equal(message.tool_calls[0].function.name, "get_weather");
    assert.ok(["Paris", "Oslo"].includes(JSON.parse(message.tool_calls[0].function.arguments).city));
  });

  it("are called when any is required, and only once without parallel calls", async () => {
    const { message } = (await chat({ tools, tool_choice: "required", parallel_tool_calls: false, max_tokens: 60 })).choices[0];
    assert.equal(message.tool_calls.length, 1);
  });

  it("are streamed in pieces that the client puts together", async () => {
    const runner = client.chat.completions.stream({ model: "default", messages, tools, tool_choice: named, temperature: 0, max_tokens: 60 });
    const { message } = (await runner.finalChatCompletion()).choices[0];
    assert.ok(["Paris", "Oslo"].includes(JSON.parse(message.tool_calls[0].function.arguments).city));
  });

  it("leave an answer alone that calls none, strict ones too", async () => {
    const strict = tools.map(({ type, function: tool }) => ({ type, function: { ...tool, strict: true } }));
    const { finish_reason, message } = (await chat({ tools: strict, tool_choice: "auto" })).choices[0];
    assert.equal(finish_reason, "length");
    assert.ok(message.content.length > 10 && !message.tool_calls);
    const forced = (await chat({ tools: strict, tool_choice: "required", temperature: 1.5, max_tokens: 60 })).choices[0];
    assert.ok(["Paris", "Oslo"].includes(JSON.parse(forced.message.tool_calls[0].function.arguments).city));
  });

  it("have their results read", async () => {
    const { message } = (await chat({ tools, tool_choice: named, max_tokens: 60 })).choices[0];
    const result = { role: "tool", tool_call_id: message.tool_calls[0].id, content: "sunny" };
    const answer = await chat({ messages: [...messages, message, result], tools });
    assert.ok(answer.usage.prompt_tokens > 100);
  });
});

describe("completions", () => {
  it("go on with a text, with probabilities", async () => {
    const { choices } = await client.completions.create({ model: "default", prompt: "The capital of France is", temperature: 0, max_tokens: 4, logprobs: 1 });
    assert.match(choices[0].text, /Paris/);
    assert.equal(choices[0].logprobs.tokens.length, 4);
  });

  it("stream", async () => {
    const chunks = await collect(await client.completions.create({ model: "default", prompt: ["One, two,", "Red,"], max_tokens: 3, stream: true }));
    assert.deepEqual([...new Set(chunks.map((chunk) => chunk.choices[0].index))].sort(), [0, 1]);
  });
});

describe("responses", () => {
  it("answer", async () => {
    const response = await client.responses.create({ model: "default", input: "Say hello.", max_output_tokens: 12 });
    assert.ok(response.output_text.length > 0);
  });

  it("stream, and the client puts them together", async () => {
    const stream = client.responses.stream({ model: "default", input: "Say hello.", max_output_tokens: 12, temperature: 0 });
    let text = "";
    for await (const event of stream) if (event.type === "response.output_text.delta") text += event.delta;
    assert.ok(text.length > 0);
  });

  it("refuse what needs a store", async () => {
    await assert.rejects(client.responses.create({ model: "default", input: "x", previous_response_id: "resp_1" }), OpenAI.BadRequestError);
  });
});

describe("embeddings", () => {
  const cosine = (a, b) => a.reduce((sum, number, at) => sum + number * b[at], 0);

  it("are near where the meaning is", async () => {
    // Without `encoding_format` this client asks for base64 and decodes it.
    const input = ["A cat sits on the mat.", "A kitten is on the rug.", "Stock prices fell sharply."];
    const { data, usage } = await embedder.embeddings.create({ model: "default", input });
    const [cat, kitten, stocks] = data.map((item) => item.embedding);
    assert.equal(cat.length, 384);
    assert.ok(cosine(cat, kitten) > cosine(cat, stocks) + 0.2);
    assert.ok(usage.prompt_tokens > 15);
  });

  it("are the same as numbers and as base64", async () => {
    const ask = (encoding_format) => embedder.embeddings.create({ model: "default", input: "one text", encoding_format });
    const [floats, base64] = [await ask("float"), await ask("base64")];
    const bytes = Buffer.from(base64.data[0].embedding, "base64");
    const decoded = Array.from({ length: 384 }, (_, at) => bytes.readFloatLE(at * 4));
    floats.data[0].embedding.forEach((number, at) => assert.ok(Math.abs(number - decoded[at]) < 1e-6));
  });

  it("refuse other dimensions and empty texts", async () => {
    await assert.rejects(embedder.embeddings.create({ model: "default", input: "x", dimensions: 64 }), OpenAI.BadRequestError);
    await assert.rejects(embedder.embeddings.create({ model: "default", input: "" }), OpenAI.BadRequestError);
  });

  it("come from an embedding model only, and it does not chat", async () => {
    await assert.rejects(client.embeddings.create({ model: "default", input: "x" }), OpenAI.BadRequestError);
    await assert.rejects(embedder.chat.completions.create({ model: "default", messages }), OpenAI.BadRequestError);
  });
});

describe("errors", () => {
  const refused = (fields, kind, check) =>
    assert.rejects(chat(fields), (error) => {
      assert.ok(error instanceof kind, String(error));
      return check(error);
    });

  it("name an unknown model", () => refused({ model: "gpt-99" }, OpenAI.NotFoundError, (error) => error.code === "model_not_found"));
  it("name a value out of range", () => refused({ temperature: 9 }, OpenAI.BadRequestError, (error) => error.param === "temperature"));
  it("name an unknown parameter", () => refused({ nonsense: 1 }, OpenAI.BadRequestError, (error) => error.param === "nonsense"));
  it("count a prompt that does not fit", () =>
    refused({ messages: [{ role: "user", content: "word ".repeat(9000) }] }, OpenAI.APIError, (error) => {
      assert.equal(error.status, 413);
      return error.code === "context_length_exceeded" && error.error.n_prompt_tokens > 9000;
    }));
});

describe("models", () => {
  it("are listed and described", async () => {
    const [model] = (await client.models.list()).data;
    assert.equal((await client.models.retrieve(model.id)).id, model.id);
    assert.equal(model.capabilities.chat, true);
  });
});
