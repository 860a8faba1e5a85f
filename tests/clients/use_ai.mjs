// The AI SDK, by OpenAI's and by Anthropic's dialects, against an endpoint given on standard input; prints what it read, as JSON.
import { readFileSync } from "node:fs";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, embedMany, generateObject, generateText, streamText, tool } from "ai";
import { z } from "zod";

globalThis.AI_SDK_LOG_WARNINGS = false; // which would go to standard output

const given = JSON.parse(readFileSync(0, "utf8"));
const openai = createOpenAI({ baseURL: given.url, apiKey: "any" });
const anthropic = createAnthropic({ baseURL: given.url, apiKey: "any" });
const models = { chat: openai.chat, responses: openai.responses, messages: anthropic };
const contact = z.object({ name: z.string(), email: z.string() });
const options = { maxRetries: 0 };

async function stopped(model) {
  try {
    await generateText({ ...options, model: model("demo-strict"), prompt: given.say });
  } catch (error) {
    if (APICallError.isInstance(error)) return { status: error.statusCode, text: `${error} ${error.responseBody}` };
    throw error;
  }
}

async function ask(model) {
  const sent = [];
  const inputSchema = z.object({ to: z.string(), subject: z.string() });
  const tools = { send_email: tool({ description: "Sends an e-mail.", inputSchema, execute: (call) => (sent.push(call), "sent") }) };
  const halted = streamText({ ...options, model: model("demo-strict"), prompt: given.secret });
  const result = {
    said: (await generateText({ ...options, model: model("demo"), prompt: given.say })).text,
    streamed: await streamText({ ...options, model: model("demo"), prompt: given.say }).text,
    contact: (await generateObject({ ...options, model: model("demo"), schema: contact, prompt: given.text })).object,
    stopped: await stopped(model),
    halted: await halted.text,
    "halted by": [await halted.finishReason],
  };
  await generateText({ ...options, model: model("demo"), tools, prompt: given.send });
  return { ...result, tool: sent[0] };
}

const read = {};
for (const [name, model] of Object.entries(models)) read[name] = await ask(model);
const { embeddings } = await embedMany({ ...options, model: openai.embedding("demo"), values: [given.text, "hello"] });
console.log(JSON.stringify({ ...read, vectors: embeddings.length }));
