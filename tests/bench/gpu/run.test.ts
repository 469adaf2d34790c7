// Stages that fail, hang, crash or are skipped, each in its process: what is recorded, and that the others go on.
import assert from "node:assert/strict";
import { join } from "node:path";
import { emptyReport, readReport, type Report } from "../../../bench/gpu/report.ts";
import { type Options, runStages } from "../../../bench/gpu/run.ts";
import { withFolder } from "../../cli/maskbench.ts";
import { stages } from "./stages_fixture.ts";

const empty = emptyReport({ name: "a processor", device: "cpu", rehearsal: true });

const go = (out: string, before: Report = empty, more: Partial<Options> = {}) =>
  runStages(before, {
    registry: new URL("./stages_fixture.ts", import.meta.url).href,
    chosen: stages,
    all: stages,
    device: "cpu",
    rehearsal: true,
    out,
    folders: [],
    seconds: 600,
    again: false,
    commit: "",
    say: () => {},
    ...more,
  });

const endsOf = ({ stages }: Report) =>
  Object.fromEntries(Object.entries(stages).map(([name, { state }]) => [name, state]));

// One that has ended may still be listed, as a zombie, until its new parent takes note.
const isThere = async (pid: number): Promise<boolean> => {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "state=", "-p", String(pid)] })
    .output();
  const state = new TextDecoder().decode(stdout).trim();
  return state !== "" && !state.startsWith("Z");
};

Deno.test("runStages() records the reason, and goes on, when a stage fails, hangs or crashes", async () => {
  await withFolder(async (folder) => {
    const report = await go(folder);
    assert.deepEqual(endsOf(report), {
      fine: "done",
      throws: "failed",
      hangs: "timed out",
      crashes: "failed",
      says: "done",
      "can't": "skipped",
      "goes-on": "cut off",
    });
    const { throws, hangs, crashes, says, "can't": skipped } = report.stages;
    assert.deepEqual([throws!.reason, throws!.result], ["as it was asked to", "half"]);
    assert.match(hangs!.reason!, /longer than 4 s/);
    assert.equal(await isThere(hangs!.result as number), false, "what it started is still there");
    assert.equal(crashes!.reason, "its process ended by SIGKILL");
    assert.equal(says!.result, "said");
    assert.equal(skipped!.reason, "there is no such thing here");

    assert.deepEqual(await readReport(folder), report);
    const text = await Deno.readTextFile(join(folder, "report.md"));
    assert.match(text, /\| throws +\| failed +\| as it was asked to +\|/);
    assert.match(text, /## Of throws\n\n_Not whole\._\n\nthrows gave "half"/);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "report.json",
      "report.md",
    ]);
  });
});

Deno.test("runStages() skips finished stages when it is started again, unless --again is given", async () => {
  await withFolder(async (folder) => {
    const chosen = stages.filter(({ name }) => ["fine", "can't", "goes-on"].includes(name));
    const first = await go(folder, empty, { chosen });
    const second = await go(folder, (await readReport(folder))!, { chosen });
    assert.deepEqual(second.stages.fine, first.stages.fine);
    assert.deepEqual(
      [first, second].map(({ stages }) => [stages["goes-on"]!.state, stages["goes-on"]!.result]),
      [["cut off", 1], ["done", 2]],
    );
    const third = await go(folder, second, { chosen, again: true });
    assert.notEqual(third.stages.fine!.result, first.stages.fine!.result);
    assert.equal(third.stages["goes-on"]!.result, 1);
  });
});

Deno.test("runStages() measures a stage again when another commit measured it", async () => {
  await withFolder(async (folder) => {
    const chosen = stages.filter(({ name }) => ["fine", "goes-on"].includes(name));
    const first = await go(folder, empty, { chosen, commit: "one" });
    const second = await go(folder, first, { chosen, commit: "two" });
    assert.notEqual(second.stages.fine!.result, first.stages.fine!.result);
    assert.deepEqual(
      [second.stages.fine!.commit, second.stages["goes-on"]!.result],
      ["two", 1],
    );
    const third = await go(folder, second, { chosen, commit: "three", seconds: 0 });
    assert.deepEqual(
      chosen.map(({ name }) => [third.stages[name]!.state, third.stages[name]!.result]),
      chosen.map(({ name }) => ["not reached", second.stages[name]!.result]),
    );
  });
});

Deno.test("runStages() cuts a stage off when the time is over", async () => {
  await withFolder(async (folder) => {
    const chosen = ["hangs", "fine"].map((name) => stages.find((stage) => stage.name === name)!);
    const { stages: { hangs, fine } } = await go(folder, empty, { chosen, seconds: 3 });
    assert.deepEqual([hangs!.state, hangs!.reason], ["cut off", "the command's time was over"]);
    assert.equal(fine!.state, "not reached");
  });
});

Deno.test("runStages() reports a target as soon as it is measured when it does not rehearse", async () => {
  await withFolder(async (folder) => {
    const chosen = stages.filter(({ name }) => name === "fine");
    for (const rehearsal of [true, false]) {
      const said: string[] = [];
      const say = (text: string) => said.push(text);
      await go(join(folder, String(rehearsal)), empty, { chosen, rehearsal, say });
      const told = said.filter((line) => /[✓✗]/.test(line));
      const expected = ["  ✗ so many: at least 3: 2", "  ✓ so few: at most 3: 2"];
      assert.deepEqual(told, rehearsal ? [] : expected);
    }
  });
});

Deno.test("readReport() names the path when a report is none", async () => {
  await withFolder(async (folder) => {
    assert.equal(await readReport(folder), undefined);
    await Deno.writeTextFile(join(folder, "report.json"), "{}");
    await assert.rejects(readReport(folder), /UserError: .*report\.json is no report/);
  });
});
