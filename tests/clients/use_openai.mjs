// OpenAI's own client against an endpoint that is given on standard input; prints what it read, as JSON.
import { readFileSync } from "node:fs";
import OpenAI, { toFile } from "openai";

const given = JSON.parse(readFileSync(0, "utf8"));
const client = new OpenAI({ baseURL: given.url, apiKey: "any", maxRetries: 0 });
const user = (content) => [{ role: "user", content }];
const parameters = { type: "object", properties: { to: { type: "string" }, subject: { type: "string" } } };
const tool = { type: "function", function: { name: "send_email", description: "Sends an e-mail.", parameters } };

async function joined(stream, text) {
  let all = "";
  for await (const event of stream) all += text(event) ?? "";
  return all;
}

async function stopped() {
  try {
    await client.chat.completions.create({ model: "demo-strict", messages: user(given.say) });
  } catch (error) {
    if (error instanceof OpenAI.BadRequestError) return { code: error.code, text: String(error) };
    throw error;
  }
}

const chat = await client.chat.completions.create({ model: "demo", messages: user(given.say) });
const chunks = await client.chat.completions.create({ model: "demo", messages: user(given.say), stream: true });
const called = await client.chat.completions.create({ model: "demo", messages: user(given.send), tools: [tool] });
const response = await client.responses.create({ model: "demo", input: given.say });
const later = await client.responses.create({ model: "demo", input: "What did I say?", previous_response_id: response.id });
const events = await client.responses.create({ model: "demo", input: given.say, stream: true });
const file = await client.files.create({ file: await toFile(Buffer.from(given.text), "notes.txt"), purpose: "assistants" });
const vectors = await client.embeddings.create({ model: "demo", input: [given.text, "hello"] });
const transcript = await client.audio.transcriptions.create({
  model: "demo", prompt: given.text, file: await toFile(Buffer.alloc(400, 255), "said.mp3"),
});
const halted = client.chat.completions.stream({ model: "demo-strict", messages: user(given.secret) });
const halt = (await halted.finalChatCompletion()).choices[0];

console.log(
  JSON.stringify({
    said: chat.choices[0].message.content,
    streamed: await joined(chunks, (chunk) => chunk.choices[0]?.delta.content),
    tool: JSON.parse(called.choices[0].message.tool_calls[0].function.arguments),
    responses: response.output_text,
    later: later.output_text,
    "responses streamed": await joined(events, (event) => (event.type === "response.output_text.delta" ? event.delta : "")),
    file: await (await client.files.content(file.id)).text(),
    vectors: vectors.data.length,
    transcript: transcript.text,
    stopped: await stopped(),
    halted: halt.message.content,
    "halted by": [halt.finish_reason],
  }),
);
