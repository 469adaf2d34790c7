// submission.json, which the tasks of a job array take their runs from.
import assert from "node:assert/strict";
import { parseSubmission } from "../../src/slurm/submission.ts";
import { runOf } from "../runs/made.ts";
import { answer, changedJson, editedText, fuzz } from "./fuzz.ts";

const good = JSON.stringify({
  format: 1,
  submitted: "2026-01-01T00:00:00.000Z",
  array: "17",
  tables: "18",
  device: "auto",
  threads: 1,
  jobs: 2,
  retry: false,
  controls: false,
  redo: false,
  saveMask: true,
  runs: [1, 2, 3].map((seed) => runOf({ seed }).configuration),
  tasks: [[0, 2], [1]],
});

async function check(text: string): Promise<void> {
  const submission = await answer(() => parseSubmission(text, "submission.json"));
  if (!submission) return;
  assert.deepEqual(submission, JSON.parse(text));
  for (const places of submission.tasks) {
    for (const place of places) assert.ok(submission.runs[place], "a task without its run");
  }
}

fuzz(
  "submissions",
  0.5,
  "parseSubmission() throws, or gives what the text says, when a submission is edited as text",
  editedText([good]),
  check,
);
fuzz(
  "submissions",
  0.5,
  "parseSubmission() throws, or gives what the text says, when contents are changed",
  changedJson([JSON.parse(good)]),
  (json) => check(JSON.stringify(json)),
);

Deno.test("parseSubmission() accepts a submission when it is right", () => {
  assert.deepEqual(parseSubmission(good, "submission.json"), JSON.parse(good));
});
