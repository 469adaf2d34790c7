// Mistakes that a check must find on any machine: each is made in a copy of the sources, runs are made with the copy, and
// compared with a baseline whose record says another processor, so that no bytes are promised.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import "../library.ts";
import { openLibraryPath } from "../../src/native/library.ts";
import { baselineOf, type CellCheck, exitCodeOf } from "../../src/regression/mod.ts";
import { compareWithBaseline } from "../../src/regression/compare.ts";
import { defaultRules } from "../../src/regression/rules.ts";
import type { RunFile } from "../../src/runs/run_file.ts";
import { root, withFolder } from "../cli/maskbench.ts";
import { fileOf, runOf } from "../runs/made.ts";

/** A text of a source file, which stands there once, and what stands there instead. */
interface Mutation {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const { environment } = runOf({});
const child = fileURLToPath(new URL("runs_of_sources.ts", import.meta.url));

/** The runs of a process with these sources, and with the machine's instructions limited by variables. */
async function runsOfSources(
  sources: string,
  env: Record<string, string> = {},
  threads = 1,
): Promise<RunFile[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--no-prompt", "-A"],
      ...["--config", join(root, "deno.json"), child, sources, openLibraryPath()!, `${threads}`],
    ],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return lines.map((line) => fileOf({ identity: "", ...JSON.parse(line), environment }));
}

/** The runs of a copy of the sources with a mistake in it. */
async function runsOfMutation({ file, from, to }: Mutation): Promise<RunFile[]> {
  let runs: RunFile[] = [];
  await withFolder(async (folder) => {
    const copied = await new Deno.Command("cp", {
      args: ["-r", "src", "deno.json", folder],
      cwd: root,
    }).output();
    assert.ok(copied.success);
    const path = join(folder, "src", file), text = await Deno.readTextFile(path);
    assert.equal(text.split(from).length, 2, `${file} has not once: ${from}`);
    await Deno.writeTextFile(path, text.replace(from, () => to));
    runs = await runsOfSources(join(folder, "src"));
  });
  return runs;
}

const unchanged = await runsOfSources(join(root, "src"));
const baseline = baselineOf(unchanged.map((run) => ({
  ...run,
  environment: { ...run.environment, processor: "another processor" },
})));

/** The accuracy of the one cell, and the exit code of the check. */
function check(runs: readonly RunFile[]): { cell: CellCheck; code: number } {
  const cells = compareWithBaseline(baseline, runs);
  const [cell, ...others] = cells.filter(({ metric }) => metric === "accuracy");
  assert.equal(others.length, 0);
  return { cell: cell!, code: exitCodeOf({ cells, rules: defaultRules, obstacles: [] }) };
}

Deno.test("check passes the unchanged tree when the baseline is of another processor", () => {
  const { cell, code } = check(unchanged);
  assert.deepEqual([cell.verdict, code], ["same", 0]);
});

for (const threads of [1, 2]) {
  for (
    const env of [{ ATEN_CPU_CAPABILITY: "default" }, { ONEDNN_MAX_CPU_ISA: "AVX2" }] as const
  ) {
    Deno.test(`check finds kept weights and first batches the same when it computes with ${JSON.stringify(env)} and ${threads} threads`, async () => {
      const runs = await runsOfSources(join(root, "src"), env as Record<string, string>, threads);
      const factsOf = (runs: readonly RunFile[]) =>
        runs.map(({ result: { layers, firstBatch } }) => ({ layers, firstBatch }));
      assert.deepEqual(factsOf(runs), factsOf(unchanged));
      const { cell, code } = check(runs);
      assert.notEqual(cell.verdict, "broken");
      assert.equal(code, 0, cell.reasons.join("; "));
    });
  }
}

const otherBatch = /^the first batch is another: .*, with seed 1, 2, 3$/;
const mutations: Record<string, Mutation & { readonly reason: RegExp }> = {
  "k + 1 weights are kept": {
    file: "algorithms/scope.ts",
    from: "kept: length - Math.trunc(sparsity * length),",
    to: "kept: length - Math.trunc(sparsity * length) + 1,",
    reason: /^conv1 keeps (\d+) weights, \d+ before, with seed 1, 2, 3$/,
  },
  "the seed is ignored": {
    file: "training/streams.ts",
    from: "`maskbench/${seed}/${name}`",
    to: "`maskbench/1/${name}`",
    reason: /^the first batch is another: .*, with seed 2, 3$/,
  },
  "the last layer is not masked": {
    file: "algorithms/scope.ts",
    from: `competing.map(({ offset, length }) => ({
    offset,
    length,
    kept:`,
    to: `competing.map(({ offset, length }, i) => ({
    offset,
    length,
    kept: i === segments.length - 1 ? length :`,
    reason: /^linear\d keeps (\d+) weights, \d+ before, with seed 1, 2, 3$/,
  },
  "the flip is lost": {
    file: "training/epoch_batches.ts",
    from: "integers(this.#augmentation, 2, 2 * count, count)",
    to: "integers(this.#augmentation, 1, 2 * count, count)",
    reason: otherBatch,
  },
  "crops move by three pixels instead of four": {
    file: "training/epoch_batches.ts",
    from: "integers(this.#augmentation, 2 * PADDING + 1, 0, 2 * count)",
    to: "integers(this.#augmentation, 2 * PADDING - 1, 0, 2 * count)",
    reason: otherBatch,
  },
  "pictures are divided by a deviation that is off by 1%": {
    file: "training/setup.ts",
    from: "{ ...dataset, classes:",
    to: "{ ...dataset, deviation: dataset.deviation.map((value) => 1.01 * value), classes:",
    reason: otherBatch,
  },
  "weights of all layers compete": {
    file: "algorithms/edge_popup.ts",
    from: "keptSegmentsOf(segments, sparsity, p.scope)",
    to: 'keptSegmentsOf(segments, sparsity, "global")',
    reason: /^conv1 keeps \d+ weights, \d+ before, with seed /,
  },
};

for (const [name, { reason, ...mutation }] of Object.entries(mutations)) {
  Deno.test(`check fails, and names the reason, when ${name} and the baseline is of another processor`, async () => {
    const { cell, code } = check(await runsOfMutation(mutation));
    assert.deepEqual([cell.verdict, code], ["broken", 1], cell.reasons.join("; "));
    assert.ok(cell.reasons.some((text) => reason.test(text)), cell.reasons.join("; "));
  });
}
