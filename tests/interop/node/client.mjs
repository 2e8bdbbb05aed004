// OpenAI's own Node client against a running server: `node client.mjs URL KEY REVIEWER`.
// Every check that does not hold throws; the last line says how many held.
import assert from "node:assert/strict";
import process from "node:process";
import { createRequire } from "node:module";

const require = createRequire(process.env.CLIENT_MODULES);
const { OpenAI } = require("openai");
const [url, key, reviewer] = process.argv.slice(2);
const client = new OpenAI({ baseURL: url, apiKey: key });
const WRITTEN = "One. Two. Three.";
const messages = [{ role: "user", content: "Go." }];
const recital = { model: "recital", messages };

async function textOf(stream) {
  let text = "";
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    text += chunk.choices[0]?.delta.content ?? "";
  }
  return { text, chunks };
}

const checks = {
  async "a chat completion"() {
    const answer = await client.chat.completions.create(recital);
    const [choice] = answer.choices;
    assert.equal(choice.message.content, WRITTEN);
    assert.equal(choice.finish_reason, "stop");
    assert.equal(choice.penstock.outcome, "completed");
    assert.equal(answer.model, "recital@1");
    assert.ok(answer._request_id);
  },
  async "a stream with its usage"() {
    const options = { stream: true, stream_options: { include_usage: true } };
    const { text, chunks } = await textOf(
      await client.chat.completions.create({ ...recital, ...options }),
    );
    assert.equal(text, WRITTEN);
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.ok(chunks.at(-1).usage.completion_tokens > 0);
    assert.equal(chunks.at(-2).choices[0].finish_reason, "stop");
  },
  async "the stream helper"() {
    const runner = client.chat.completions.stream(recital);
    assert.equal(await runner.finalContent(), WRITTEN);
  },
  async "what a filter blocked"() {
    const villain = { model: "villain", messages };
    const [choice] = (await client.chat.completions.create(villain)).choices;
    const { text } = await textOf(
      await client.chat.completions.create({ ...villain, stream: true }),
    );
    assert.equal(choice.finish_reason, "content_filter");
    assert.equal(text, choice.message.content);
    assert.ok(text.startsWith("Line 1. ") && !text.includes("evil"));
  },
  async "structured output"() {
    const schema = {
      type: "object",
      properties: { name: { enum: ["red", "green"] } },
      required: ["name"],
      additionalProperties: false,
    };
    const answer = await client.chat.completions.parse({
      model: "noise",
      messages,
      max_tokens: 100,
      response_format: { type: "json_schema", json_schema: { name: "colour", strict: true, schema } },
    });
    assert.ok(["red", "green"].includes(answer.choices[0].message.parsed.name));
  },
  async "log-probabilities"() {
    const [choice] = (await client.chat.completions.create({ ...recital, logprobs: true })).choices;
    assert.equal(choice.logprobs.content.map((token) => token.token).join(""), WRITTEN);
  },
  async "a text completion"() {
    const answer = await client.completions.create({ model: "alphabet", prompt: "say a", echo: true });
    assert.equal(answer.choices[0].text, "say abcd");
  },
  async "a response, and the same again"() {
    const made = await client.responses.create({ model: "recital", input: "Go." });
    const again = await client.responses.retrieve(made.id);
    assert.equal(made.output_text, WRITTEN);
    assert.equal(again.output_text, WRITTEN);
  },
  async "a streamed response"() {
    const stream = client.responses.stream({ model: "recital", input: "Go." });
    const final = await stream.finalResponse();
    assert.equal(final.output_text, WRITTEN);
    assert.equal(final.status, "completed");
  },
  async "the models"() {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    assert.ok(names.includes("recital") && names.includes("recital@1"));
    assert.equal((await client.models.retrieve("recital@1")).id, "recital@1");
  },
  async "embeddings as numbers and as bytes"() {
    const asked = { model: "encoder", input: ["gates hold water"] };
    const decoded = await client.embeddings.create(asked);
    const numbers = await client.embeddings.create({ ...asked, encoding_format: "float" });
    const [one, other] = [decoded, numbers].map((reply) => reply.data[0].embedding);
    assert.equal(one.length, other.length);
    assert.ok(one.every((number, index) => Math.abs(number - other[index]) < 1e-6));
  },
  async "moderations, also of parts, but not of pictures"() {
    const { results } = await client.moderations.create({ input: ["Hello.", "dynamite"] });
    const part = { type: "text", text: "dynamite" };
    const together = await client.moderations.create({ input: [part, part] });
    const image = { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } };
    assert.deepEqual(results.map((result) => result.flagged), [false, true]);
    assert.equal(results[1].categories["violence/graphic"], false);
    assert.equal(results[1].category_scores.blocklist, 1);
    assert.deepEqual(results[1].category_applied_input_types.blocklist, ["text"]);
    assert.deepEqual(together.results.map((result) => result.flagged), [true]);
    await assert.rejects(client.moderations.create({ input: [part, image] }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.code, "unsupported_parameter");
      return true;
    });
  },
  async "errors"() {
    const wrong = { ...recital, model: "gpt-9" };
    const tools = [{ type: "function", function: { name: "f", parameters: {} } }];
    const strangers = { apiKey: "psk_wrong" };
    await fails(client, wrong, OpenAI.NotFoundError, "model_not_found");
    await fails(client, { ...recital, tools }, OpenAI.BadRequestError, "unsupported_parameter");
    await fails(client.withOptions(strangers), recital, OpenAI.AuthenticationError, "invalid_api_key");
    await fails(
      client.withOptions({ apiKey: reviewer }), recital, OpenAI.PermissionDeniedError, "missing_scope",
    );
  },
  async "nobody there, and no patience"() {
    const nowhere = client.withOptions({ baseURL: "http://127.0.0.1:9/v1", maxRetries: 0 });
    await assert.rejects(nowhere.chat.completions.create(recital), OpenAI.APIConnectionError);
    const slow = { model: "poem", messages: [{ role: "user", content: "pause 1" }] };
    const hasty = client.withOptions({ timeout: 300, maxRetries: 0 });
    await assert.rejects(hasty.chat.completions.create(slow), OpenAI.APIConnectionTimeoutError);
  },
  async "a failure half-way"() {
    const slow = { model: "poem", messages: [{ role: "user", content: "pause 60" }], stream: true };
    const stream = await client.chat.completions.create(slow);
    await assert.rejects(textOf(stream), (error) => {
      assert.ok(error instanceof OpenAI.APIError);
      assert.equal(error.code, "deadline_exceeded");
      return true;
    });
  },
  async "a full server is tried again"() {
    const slow = { model: "poem", messages: [{ role: "user", content: "pause 2" }], stream: true };
    const stream = await client.chat.completions.create(slow);
    await fails(client.withOptions({ maxRetries: 0 }), recital, OpenAI.InternalServerError, "overloaded");
    const waiting = client.withOptions({ maxRetries: 5 }).chat.completions.create(recital);
    const [answer] = await Promise.all([waiting, textOf(stream)]);
    assert.equal(answer.choices[0].message.content, WRITTEN);
  },
};

async function fails(asking, body, kind, code) {
  await assert.rejects(asking.chat.completions.create(body), (error) => {
    assert.ok(error instanceof kind, `${error}`);
    assert.equal(error.code, code);
    return true;
  });
}

for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    process.exit(1);
  }
}
console.log(`${Object.keys(checks).length} checks held`);
