// The core on other processors: layers, gradients and goldens with each set of instructions that this one can be made to
// use, at one and two threads, in processes of their own that glibc watches for writes beyond what was allocated.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { device } from "../library.ts";
import { describeLibrary } from "../../src/native/mod.ts";
import type { Scan } from "./scan_layers.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const checker = "libc_malloc_debug.so.0";

/** The most that oneDNN and ATen may use, by their settings; only what this processor has is of any use. */
const sets = [
  { name: "SSE41", capability: "default", needs: "" },
  { name: "AVX2", capability: "avx2", needs: "AVX" },
  { name: "AVX512_CORE", capability: "avx512", needs: "AVX-512" },
].filter(({ needs }) => describeLibrary().processor.includes(needs));

/** One in so many shapes is tried here; all of them take about a minute for each line of `scan_layers.ts`. */
const EVERY = "23";

/** Runs Deno with a set of instructions and a number of threads. @returns what it printed */
async function runWith(
  { name, capability }: typeof sets[number],
  threads: number,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    env: {
      NO_COLOR: "1",
      ONEDNN_MAX_CPU_ISA: name,
      ATEN_CPU_CAPABILITY: capability,
      OMP_NUM_THREADS: String(threads),
      MALLOC_PERTURB_: "165",
      ...env,
    },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(
    code,
    0,
    `${signal ?? code}: ${text(stderr).slice(-2000)} ${text(stdout).slice(-2000)}`,
  );
  return text(stdout);
}

/** Whether glibc's checks of the heap are here to be preloaded. */
const watched = new Deno.Command("sh", {
  args: ["-c", `LD_PRELOAD=${checker} true 2>&1`],
}).outputSync().stdout.length === 0;

/** All that the processor has; bfloat16 needs the newest. */
const all = { name: "DEFAULT", capability: "", needs: "" };

for (const set of [...sets, all]) {
  for (const threads of [1, 2]) {
    for (const precision of set === all ? ["float32", "bfloat16"] : ["float32"]) {
      Deno.test({
        name:
          `MaskedNetwork agrees with plain loops in ${precision} when layers of any shape use ${set.name}, ${threads} threads`,
        ignore: device !== "cpu",
        async fn() {
          const printed = await runWith(
            set,
            threads,
            [
              ...["run", "--quiet", "--allow-all", "tests/native/scan_layers.ts"],
              ...["--every", EVERY, "--threads", String(threads), "--precision", precision],
            ],
            watched ? { LD_PRELOAD: checker, MALLOC_CHECK_: "3" } : {},
          );
          const scan: Scan = JSON.parse(printed);
          assert.deepEqual(scan.off, []);
          assert.equal(scan.threads, threads);
          assert.match(scan.instructions, new RegExp(`ONEDNN_MAX_CPU_ISA=${set.name}`));
          assert.ok(precision === "bfloat16" || scan.shapes > 500, `${scan.shapes} shapes`);
        },
      });
    }

    if (set === all) continue; // as every other test
    Deno.test({
      name:
        `the tests of gradients, goldens and checkpoints pass when the core uses ${set.name}, ${threads} threads`,
      ignore: device !== "cpu",
      async fn() {
        const printed = await runWith(set, threads, [
          ...["test", "--quiet", "--no-check", "--allow-all", "tests/native/network.test.ts"],
          ...["tests/native/precision.test.ts", "tests/goldens/replay.test.ts"],
          "tests/training/checkpoint.test.ts",
        ]);
        assert.match(printed, /^ok \| \d+ passed \| 0 failed/m);
      },
    });
  }
}
