// peers.json, which the report takes in.
import assert from "node:assert/strict";
import { parsePeerTimes } from "../../src/diagnostics/peers.ts";
import { answer, changedJson, editedText, fuzz } from "./fuzz.ts";

const good = JSON.stringify(
  {
    format: 1,
    processor: "a processor",
    threads: 2,
    batchSize: 128,
    rounds: 3,
    pytorch: "1.13.0",
    networks: [{ network: "mlp", msPerStep: { maskbench: 1.5, pytorch: 3 } }],
  },
  null,
  1,
);

async function check(text: string): Promise<void> {
  const peers = await answer(() => parsePeerTimes(text, "peers.json"));
  if (peers) assert.deepEqual(peers, JSON.parse(text));
}

fuzz(
  "peers' files",
  0.5,
  "parsePeerTimes() throws, or gives what the text says, when a peers file is edited as text",
  editedText([good]),
  check,
);
fuzz(
  "peers' files",
  0.5,
  "parsePeerTimes() throws, or gives what the text says, when contents are changed",
  changedJson([JSON.parse(good)]),
  (json) => check(JSON.stringify(json)),
);

Deno.test("parsePeerTimes() accepts a peers file when it is right", () => {
  assert.deepEqual(parsePeerTimes(good, "peers.json"), JSON.parse(good));
});
