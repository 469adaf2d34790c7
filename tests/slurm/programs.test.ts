// What Slurm's programs print, as a cluster of version 22.05 printed it.
import assert from "node:assert/strict";
import { parseMaxTasks, parseQueue } from "../../src/slurm/programs.ts";

Deno.test("parseQueue() reads squeue's lines when there are array tasks, single jobs and reasons with spaces", () => {
  const text = "12|3|PENDING|Resources\n12|0|RUNNING|None\n13|N/A|PENDING|Dependency\n" +
    "14|1|PENDING|launch failed requeued held | twice\n";
  assert.deepEqual(parseQueue(text), [
    { job: "12", index: 3, state: "PENDING", reason: "Resources" },
    { job: "12", index: 0, state: "RUNNING", reason: "None" },
    { job: "13", index: undefined, state: "PENDING", reason: "Dependency" },
    { job: "14", index: 1, state: "PENDING", reason: "launch failed requeued held | twice" },
  ]);
  assert.deepEqual(parseQueue("\n"), []);
});

Deno.test("parseMaxTasks() gives the lowest limit when MaxArraySize, the scheduler or nothing sets one", () => {
  const config = (size: number, parameters: string) =>
    `Configuration data as of 2026-01-01\nMaxArraySize            = ${size}\n` +
    `MaxJobCount             = 10000\nSchedulerParameters     = ${parameters}\n`;
  assert.equal(parseMaxTasks(config(1001, "(null)")), 1001);
  assert.equal(parseMaxTasks(config(1001, "bf_interval=30,max_array_tasks=500,defer")), 500);
  for (const text of [config(0, "(null)"), ""]) {
    assert.throws(() => parseMaxTasks(text), /has no job arrays/);
  }
});
