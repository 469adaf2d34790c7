// What stages reckon from what they measured, on figures made by hand; and the calls that compute-sanitizer looks at.
import assert from "node:assert/strict";
import "../../library.ts";
import { estimate, inOrder } from "../../../bench/gpu/cifar10.ts";
import { slugOf } from "../../../bench/gpu/host.ts";
import { cellsOf } from "../../../bench/gpu/stages/agreement.ts";
import { throughputOf } from "../../../bench/gpu/stages/jobs.ts";
import { sweptOf } from "../../../bench/gpu/stages/sweep.ts";
import { countsOf } from "../../../bench/gpu/stages/tests.ts";
import { expandSweep } from "../../../src/sweep/expand.ts";
import { readSweep } from "../../../src/sweep/read.ts";
import type { RunConfig } from "../../../src/training/config.ts";
import { root } from "../../cli/maskbench.ts";
import { fileOf, runOf, seedsOf } from "../../runs/made.ts";

const cifar10 = async () => expandSweep(await readSweep(`${root}/bench/cifar10.json`), "").runs;

const near = (a: number | null | undefined, b: number) =>
  assert.ok(typeof a === "number" && Math.abs(a - b) < 1e-9 * Math.abs(b), `${a}, expected ${b}`);

Deno.test("throughputOf() counts what all runs did when all were under way", () => {
  // 100 images/s from 0 to 10 s, and 50 images/s from 4 to 8 s: between 4 and 8 s, 150 a second.
  const fast = [0, 3, 6, 10].map((at) => ({ at, images: 100 * at }));
  const slow = [4, 8].map((at) => ({ at, images: 50 * (at - 4) }));
  const found = throughputOf([fast, slow])!;
  near(found.imagesPerSecond, 150);
  assert.equal(found.seconds, 4);
  near(throughputOf([fast])!.imagesPerSecond, 100);
  assert.equal(throughputOf([fast, [{ at: 11, images: 0 }, { at: 12, images: 9 }]]), undefined);
  assert.equal(throughputOf([fast, []]), undefined);
});

Deno.test("inOrder() begins with conv4 at 50%, and completes a cell before the next, when it sorts the sweep", async () => {
  const runs = await cifar10(), order = inOrder(runs);
  const told = ({ network, sparsity, algorithm, seed }: RunConfig) =>
    `${network.name} ${algorithm.name} ${sparsity} ${seed}`;
  assert.deepEqual(order.slice(0, 5).map(told), [
    "conv4 edge-popup 0.5 1",
    "conv4 sbp 0.5 1",
    "conv4 dense 0 1",
    "conv4 random 0.5 1",
    "conv4 edge-popup 0.5 2",
  ]);
  assert.deepEqual(order.map(told).toSorted(), runs.map(told).toSorted());
  // Seeds of a cell are together: nine masked runs and its dense ones before any other sparsity.
  const masked = order.filter(({ sparsity }) => sparsity > 0);
  for (let i = 0; i < masked.length; i += 9) {
    const cell = masked.slice(i, i + 9).map(({ network, sparsity }) =>
      `${network.name} ${sparsity}`
    );
    assert.equal(new Set(cell).size, 1, cell.join(", "));
  }
});

Deno.test("estimate() gives the time of a like run when there is one, else in proportion to the arithmetic", async () => {
  const runs = await cifar10();
  const of = (network: string, algorithm: string) =>
    runs.find((run) => run.network.name === network && run.algorithm.name === algorithm)!;
  const taken = (network: string, algorithm: string, seconds: number) => ({
    config: of(network, algorithm),
    seconds,
  });
  const conv4 = of("conv4", "sbp");
  assert.equal(estimate(conv4, []), undefined);
  assert.equal(estimate(of("conv4", "random"), []), 0);
  const finished = [
    taken("conv4", "sbp", 20),
    taken("conv4", "sbp", 30),
    taken("conv4", "sbp", 25),
    taken("conv4", "edge-popup", 60),
    taken("conv4", "random", 1),
  ];
  near(estimate(conv4, finished), 25);
  near(estimate(of("conv4", "dense"), finished.slice(3)), 60);
  // 3×3 convolutions by picture: conv2 has 3·64 and 64·64 channels at 32², then 16384·256 + 256² + 2560 weights.
  const conv2 = 9 * 1024 * (3 * 64 + 64 * 64) + 16384 * 256 + 65536 + 2560;
  const larger = 9 * (1024 * (3 * 64 + 64 * 64) + 256 * (64 * 128 + 128 * 128)) + 8192 * 256 +
    65536 + 2560;
  near(estimate(of("conv2", "sbp"), finished.slice(3, 4)), 60 * conv2 / larger);
});

Deno.test("sweptOf() gives the whole table's time when runs go side by side", () => {
  const runs = seedsOf({ parameters: { learningRate: 1 } }, [0.5, 0.5, 0.5, 0.5]);
  const configs = runs.map(({ configuration }) => configuration);
  // A minute each, and two of four are finished; one more was alone and counts for no time.
  const files = runs.slice(0, 3).map((run, i) => fileOf(run, { jobs: i < 2 ? 2 : 1 }));
  const swept = sweptOf(configs, files, 2);
  assert.deepEqual([swept.total, swept.finished, swept.networks[0]!.seconds], [4, 3, 60]);
  assert.equal(swept.wholeSeconds, 120);
  assert.equal(sweptOf(configs, [], 2).wholeSeconds, null);
});

Deno.test("cellsOf() pairs runs of one identity, and gives chance's probability, when accuracies differ", () => {
  const files = (accuracies: number[], given = {}) =>
    seedsOf(given, accuracies).map((run) => fileOf(run));
  const [same] = cellsOf(files([0.9, 0.8]), files([0.9, 0.8]));
  assert.deepEqual([same!.difference, same!.interval, same!.p], [0, null, 1]);

  // Differences 1, 2, 3 points: t = 2 / (1 / √3) = 3.4641 with 2 degrees, two-sided p = 0.07418 (R: 2 * pt(-3.4641, 2)).
  const [cell] = cellsOf(files([0.91, 0.92, 0.93]), files([0.9, 0.9, 0.9]));
  near(cell!.difference, 2);
  assert.ok(Math.abs(cell!.p! - 0.07418) < 1e-4, `${cell!.p}`);
  assert.ok(cell!.interval!.low < 0 && cell!.interval!.high > 4);

  assert.deepEqual(cellsOf(files([0.9]), files([0.9], { parameters: { learningRate: 9 } })), []);
  const sparse = runOf({ sparsity: 0.9 }), both = [...files([0.9, 0.8]), fileOf(sparse)];
  assert.deepEqual(cellsOf(both, both).map(({ sparsity, seeds }) => [sparsity, seeds]), [
    [0.5, 2],
    [0.9, 1],
  ]);
});

Deno.test("countsOf() counts what deno test says when a file can't be run as well", () => {
  const passed =
    "running 3 tests from ./a.test.ts\na ... ok (1ms)\n\nok | 2 passed | 0 failed | 1 ignored (2s)\n";
  assert.deepEqual(countsOf(true, passed, ""), { passed: 2, failed: 0, ignored: 1, failures: [] });
  const failed =
    "one ... ok (1ms)\nit holds ... FAILED (2ms)\n\n ERRORS \n\nFAILED | 1 passed | 1 failed (3s)\n";
  const some = { passed: 1, failed: 1, ignored: 0, failures: ["it holds"] };
  assert.deepEqual(countsOf(false, failed, "error: Test failed"), some);
  const told = [
    "it holds ... FAILED (2ms)",
    "steps ...",
    "  inner ... FAILED (0ms)",
    "steps ... FAILED (due to 1 failed step) (617µs)",
    "",
    " ERRORS ",
    "",
    "it holds => ./a.test.ts:2:6",
    "error: AssertionError: 1 == 2",
    "    at file:///a.test.ts:2:37",
    "",
    "steps ... inner => ./a.test.ts:3:43",
    "error: Error: the message",
    "of two lines",
    "    at file:///a.test.ts:3:71",
    "",
    " FAILURES ",
    "",
    "it holds => ./a.test.ts:2:6",
    "",
    "FAILED | 1 passed | 2 failed (1 step) (11ms)",
  ].join("\n");
  assert.deepEqual(countsOf(false, told, "error: Test failed").failures, [
    "it holds: AssertionError: 1 == 2",
    "steps: Error: the message of two lines",
  ]);
  const none = countsOf(false, "", "Segmentation fault");
  assert.deepEqual([none.failed, none.failures], [1, ["could not be run: Segmentation fault"]]);
});

Deno.test("slugOf() gives a folder's name when it gets a GPU's", () => {
  assert.equal(slugOf("NVIDIA H200"), "nvidia-h200");
  assert.equal(slugOf("NVIDIA H100 80GB HBM3 (MIG 1g.10gb)"), "nvidia-h100-80gb-hbm3-mig-1g-10gb");
});

Deno.test("the calls for compute-sanitizer succeed when they run on the processor", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `${root}/bench/gpu/kernels.ts`, "cpu"],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
});
