// report.md says what report.json holds: promises kept, missed and not measured; and committed reports are made again.
import assert from "node:assert/strict";
import { join } from "node:path";
import { stages } from "../../../bench/gpu/registry.ts";
import { type Entry, markdownOf, readReport, type Report } from "../../../bench/gpu/report.ts";
import { root } from "../../cli/maskbench.ts";

const done = (result: unknown, more: Partial<Entry> = {}): Entry => ({
  state: "done",
  result,
  seconds: 61,
  started: "2026-01-01T00:00:00.000Z",
  commit: "0123456789abcdef0123456789abcdef01234567",
  ...more,
});

const step = (network: string, precision: string, msPerStep: number) => ({
  network,
  precision,
  batch: 128,
  profile: {
    msPerStep,
    hostMsPerStep: msPerStep / 50,
    imagesPerSecond: 128_000 / msPerStep,
    gflops: 1000,
    parts: Object.fromEntries(
      ["gather", "weights", "forward", "backward", "projection", "update", "rest"]
        .map((part) => [part, { ms: 0.1 }]),
    ),
  },
});

const vector = { length: 25_600_000, ms: 0.1, same: true };

const report: Report = {
  format: 1,
  name: "NVIDIA H200",
  device: "cuda",
  rehearsal: false,
  stages: {
    tests: done([
      { file: "a.test.ts", passed: 3, failed: 1, ignored: 0, seconds: 2, failures: ["a | b"] },
    ]),
    ceilings: done({
      speeds: [
        { what: "matrix product, tf32", by: "PyTorch", perSecond: 4e14 },
        { what: "copy", by: "maskbench", perSecond: 4e12 },
      ],
      vectors: [
        { what: "projection, by layer", passes: 4.5, ...vector },
        { what: "projection, global", passes: 5.5, ...vector },
        { what: "update", passes: 5, ...vector, same: false },
      ],
    }),
    profile: done([
      step("conv4", "float32", 1.25),
      step("conv4", "bfloat16", 0.75),
      { network: "conv4", precision: "tf32", batch: 128, profile: null, refused: "not known here" },
    ]),
    peers: done({
      loop: {
        network: "conv4",
        imagesPerSecond: 5120,
        workers: 4,
        pictures: "PIL",
        torch: "2.4.0",
      },
      steps: [{
        network: "conv4",
        precision: "float32",
        selection: "sort",
        msPerStepOfStretch: 3.75,
        torch: "2.4.0",
      }],
      ours: [{ network: "conv4", precision: "float32", msPerStep: 1.25 }],
    }),
    jobs: done({
      dataset: "cifar10",
      network: "conv4",
      best: 10,
      throughputs: [
        { jobs: 1, imagesPerSecond: 100_000, seconds: 5 },
        { jobs: 10, imagesPerSecond: 350_000, seconds: 5 },
      ],
    }),
    sanitizer: done(undefined, { state: "skipped", reason: "there is none" }),
    whole: done({
      run: "conv4",
      dataset: "cifar10",
      precision: "bfloat16",
      epochs: 100,
      seconds: 42,
      evaluationSeconds: 2,
      accuracy: 0.5,
      beside: 0,
    }),
    sweep: done({
      total: 168,
      finished: 12,
      jobs: 10,
      networks: [{ network: "conv4", total: 42, finished: 12, seconds: 120 }],
      wholeSeconds: 3000,
    }, { state: "cut off", reason: "12 of 168 runs are finished" }),
  },
};

const text = markdownOf(report, stages);
const row = (what: string) => {
  const line = text.split("\n").find((line) => line.startsWith(`| ${what}`));
  return line?.split(/(?<!\\)\|/).slice(2, -1).map((cell) => cell.trim());
};

Deno.test("markdownOf() calls a target met, missed or not measured when it has the figure", () => {
  assert.deepEqual(row("conv4's step in float32: at most 1.5 ms"), ["1.25 ms", "✓"]);
  assert.deepEqual(row("conv4's step in bfloat16 or TF32: at most 0.6 ms"), ["0.750 ms", "✗"]);
  assert.deepEqual(row("projection, by layer, 25.6 million"), ["4.5 passes", "✓"]);
  assert.deepEqual(row("projection, global, 25.6 million"), ["5.5 passes", "✗"]);
  assert.deepEqual(row("projection and update give the processor's bytes"), ["2 of 3", "✗"]);
  // 128 pictures in 1.25 ms are 102,400 a second: 20 times 5,120. 3.75 ms are 3 times 1.25.
  assert.deepEqual(row("images a second of the published PyTorch loop"), ["20.0×", "✓"]);
  assert.deepEqual(row("a PyTorch step with the data on the GPU"), ["3.0×", "✗"]);
  assert.deepEqual(row("ten runs side by side"), ["3.50×", "✓"]);
  assert.deepEqual(row("every test of native/ and training/"), ["3 passed, 1 failed", "✗"]);
  assert.deepEqual(row("goldens replay"), ["—", "not measured"]);
  assert.deepEqual(row("compute-sanitizer finds nothing"), ["—", "not measured"]);
  assert.deepEqual(row("mnist: the device and the processor agree"), ["—", "not measured"]);
  assert.deepEqual(row("conv4, 100 epochs"), ["42.0 s", "✗"]);
  assert.deepEqual(row("the whole table of bench/cifar10-gpu.json"), [
    "50 min 00 s, reckoned from 12 of 168 runs",
    "not whole",
  ]);
});

Deno.test("markdownOf() shows each stage's state and reason when a report is written", () => {
  assert.deepEqual(row("sanitizer"), [
    "skipped",
    "there is none",
    "1 min 01 s",
    "2026-01-01T00:00:00.000Z 01234567",
  ]);
  assert.deepEqual(row("goldens  "), ["not asked for yet", "", "", ""]);
  assert.match(text, /## bench\/cifar10-gpu\.json\n\n_Not whole\._\n\n12 of 168 runs are finished/);
  assert.match(text, /- a\.test\.ts: a \| b/);
  assert.match(text, /- conv4: not known here/);
  assert.match(text, /\| matrix product, tf32 +\| PyTorch +\| 400\.00 TFLOP\/s \|/);
  assert.doesNotMatch(text, /undefined|NaN|\[object/);
});

Deno.test("markdownOf() says that times are an H200's when the GPU is another, and judges none in a rehearsal", () => {
  assert.doesNotMatch(text, /promised for an H200/);
  assert.match(markdownOf({ ...report, name: "NVIDIA H100" }, stages), /promised for an H200/);
  const rehearsal = markdownOf({ ...report, name: "CPU", device: "cpu", rehearsal: true }, stages);
  assert.match(rehearsal, /\*\*A rehearsal/);
  assert.doesNotMatch(rehearsal.slice(0, rehearsal.indexOf("## Stages")), /[✓✗]/);
});

Deno.test("markdownOf() gives the committed reports when it reads their report.json", async () => {
  const home = join(root, "results/gpu");
  const folders = await Array.fromAsync(Deno.readDir(home)).catch(() => []);
  for (const { name } of folders) {
    const committed = await readReport(join(home, name));
    if (!committed || committed.rehearsal) continue;
    assert.equal(
      await Deno.readTextFile(join(home, name, "report.md")),
      markdownOf(committed, stages),
      name,
    );
  }
});

Deno.test("markdownOf() calls no target met when its stage is not whole", () => {
  const file = { file: "a.test.ts", passed: 3, failed: 0, ignored: 0, seconds: 2, failures: [] };
  const rowWith = (result: unknown, more: Partial<Entry>) =>
    markdownOf({ ...report, stages: { tests: done(result, more) } }, stages).split("\n")
      .find((line) => line.includes("every test"))!;
  const late: Partial<Entry> = { state: "timed out", reason: "it took longer" };
  assert.match(rowWith([file], {}), /\| 3 passed, 0 failed +\| ✓ +\|$/);
  assert.match(rowWith([file], late), /\| 3 passed, 0 failed +\| not whole +\|$/);
  assert.match(rowWith([{ ...file, failed: 1 }], late), /\| 3 passed, 1 failed +\| ✗ +\|$/);
});
