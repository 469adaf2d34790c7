// How runs stand, from files and from what Slurm has of them.
import assert from "node:assert/strict";
import { join } from "node:path";
import { identityOf } from "../../src/runs/identity.ts";
import { runsFolder, writeRunFile } from "../../src/runs/run_file.ts";
import { pauseAfter, statusSummaryOf } from "../../src/slurm/follow.ts";
import type { LiveTask } from "../../src/slurm/programs.ts";
import { type FolderContents, readOverview, runStatusesOf } from "../../src/slurm/status.ts";
import {
  nextSubmissionNumber,
  type NumberedSubmission,
  readSubmissions,
  type Submission,
  writeSubmission,
} from "../../src/slurm/submission.ts";
import { withFolder } from "../cli/maskbench.ts";
import { fileOf, seedsOf } from "../runs/made.ts";

const runs = seedsOf({}, [0.1, 0.2, 0.3, 0.4]);
const configurations = runs.map(({ configuration }) => configuration);
const [a, b, c, d] = configurations.map(identityOf) as [string, string, string, string];

const submission = (array: string, tasks: number[][], retry = false): Submission => ({
  ...{ format: 1, submitted: "2026-01-01T00:00:00Z", array, device: "cpu", threads: 1, jobs: 1 },
  ...{ retry, redo: false, controls: false, saveMask: false, runs: configurations, tasks },
});
const numbered: NumberedSubmission[] = [
  { number: 1, submission: submission("10", [[0, 2], [1, 3]]) },
  { number: 2, submission: submission("11", [[0]]) },
];
const live = (job: string, index: number, state: string): LiveTask => ({
  ...{ job, index, state, reason: state === "PENDING" ? "Resources" : "None" },
});
const found = (
  finished: string[] = [],
  failed: Record<string, string> = {},
  claimed: string[] = [],
): FolderContents => ({
  finished: new Set(finished),
  failed: new Map(Object.entries(failed)),
  claimed: new Set(claimed),
});
const states = (...args: Parameters<typeof runStatusesOf>) =>
  runStatusesOf(...args).map(({ state }) => state);

Deno.test("runStatusesOf() calls a run finished when its file is there, and missing when it isn't", () => {
  const statuses = runStatusesOf("out", numbered, found([a]), []);
  assert.deepEqual(statuses.map(({ state }) => state), [
    "finished",
    "missing",
    "missing",
    "missing",
  ]);
  assert.deepEqual(statuses.map(({ log }) => log), [
    ...["out/slurm/2/task-0.log", "out/slurm/1/task-1.log"],
    ...["out/slurm/1/task-0.log", "out/slurm/1/task-1.log"],
  ]);
});

Deno.test("runStatusesOf() calls a run waiting when its task is there, and under way when it is claimed", () => {
  const queue = [live("10", 1, "RUNNING"), live("11", 0, "PENDING"), live("99", 0, "RUNNING")];
  const expected = ["waiting", "running", "missing", "waiting"];
  assert.deepEqual(states("out", numbered, found([], {}, [a, b, c]), queue), expected);
});

Deno.test("runStatusesOf() calls a run failed when it failed, unless a task is to try it again", () => {
  const failed = found([], { [a]: "out of memory", [b]: "a loss that is no number" });
  const again = [numbered[0]!, { number: 2, submission: submission("11", [[0]], true) }];
  const queue = [live("11", 0, "PENDING"), live("10", 1, "RUNNING")];
  const [first, second] = runStatusesOf("out", again, failed, queue);
  assert.equal(first!.state, "waiting");
  assert.deepEqual([second!.state, second!.reason], ["failed", "a loss that is no number"]);
});

Deno.test("runStatusesOf() calls nothing missing when Slurm can't be asked", () => {
  const expected = ["finished", "running", "open", "failed"];
  const seen = found([a], { [d]: "no" }, [b]);
  assert.deepEqual(states("out", numbered, seen, undefined), expected);
  const statuses = runStatusesOf("out", numbered, seen, undefined);
  assert.equal(
    statusSummaryOf({ submissions: numbered, statuses, live: undefined, silence: "no squeue" }),
    "1 of 4 runs finished, 1 under way, 1 not finished, 1 failed, Slurm can't be asked: no squeue",
  );
});

Deno.test("readOverview() lists run files, damaged ones and claims when it looks at a folder", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "slurm"), { recursive: true });
    const number = await nextSubmissionNumber(folder);
    await writeSubmission(folder, number, {
      ...submission("10", [[0, 1, 2, 3]]),
      array: undefined,
    });
    assert.deepEqual(await readSubmissions(folder), [], "Slurm has not taken it");
    assert.equal(await nextSubmissionNumber(folder), 2);
    const { format: _, ...taken } = submission("10", [[0, 1, 2, 3]]);
    await writeSubmission(folder, number, taken);

    await writeRunFile(folder, fileOf(runs[0]!));
    await Deno.writeTextFile(join(runsFolder(folder), `${b}.json`), "{");
    for (const [identity, minutes] of [[c, 1], [d, 10]] as const) {
      const path = join(runsFolder(folder), `${identity}.claim-0`);
      await Deno.writeTextFile(path, "another machine");
      const touched = new Date(Date.now() - 60_000 * minutes);
      await Deno.utime(path, touched, touched);
    }
    const known = new Set<string>(), path = Deno.env.get("PATH")!;
    Deno.env.set("PATH", "/nowhere");
    try {
      const { statuses, silence } = await readOverview(folder, known);
      assert.deepEqual(statuses.map(({ state }) => state), [
        "finished",
        "open",
        "running",
        "open",
      ]);
      assert.match(silence!, /there is no squeue here/);
    } finally {
      Deno.env.set("PATH", path);
    }
    assert.deepEqual([...known], [a]);
    await Deno.writeTextFile(join(folder, "slurm", "1", "submission.json"), '{"format":1}');
    await assert.rejects(readSubmissions(folder), /1\/submission.json is no submission: /);
  }));

Deno.test("pauseAfter() gives a tenth of the time, from a second to half a minute, when it follows a sweep", () => {
  assert.deepEqual([0, 5e3, 1e5, 1e6].map(pauseAfter), [1000, 1000, 10_000, 30_000]);
});
