// deno task soak: sweeps for hours, and whether anything piles up.
import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { runProcess } from "../../src/cli/main.ts";
import { parsePositive } from "../../src/cli/options.ts";
import { openNative } from "../../src/native/toolchain/setup.ts";
import { writeTables } from "../../src/report/mod.ts";
import { datasetOf } from "../../src/runner/dataset_cache.ts";
import { quietListener } from "../../src/runner/progress.ts";
import { Runner } from "../../src/runner/runner.ts";
import { configurationsOf } from "../../src/sweep/expand.ts";
import { checkSweep } from "../../src/sweep/read.ts";
import { grown, type Held, held } from "./growth.ts";

/** Every algorithm and both scopes, with other seeds each time. */
const sweepOf = (round: number) =>
  checkSweep({
    name: "soak",
    dataset: "shapes",
    networks: [{ name: "conv2", width: 0.02 }],
    algorithms: [
      { name: "dense" },
      { name: "random" },
      { name: "edge-popup", scope: ["layer", "global"] },
      { name: "sbp", scope: ["layer", "global"] },
    ],
    sparsities: [0.5],
    seeds: [2 * round, 2 * round + 1],
    epochs: 1,
    augmentation: "crop-flip",
  });

const row = ({ seconds, memory, heap, files, handles, bytes }: Held, round: number) =>
  [
    `${Math.round(seconds)} s`,
    `${round} sweeps`,
    `${(memory / 1e6).toFixed(1)} MB`,
    `${(heap / 1e6).toFixed(1)} MB of it JavaScript's`,
    `${files} open files`,
    `${handles} handles`,
    `${bytes} bytes of tensors`,
  ].join(", ");

export const soakCommand = () =>
  new Command("soak")
    .description("run sweeps on the embedded data for hours; exit 1 if memory or open files grow")
    .option("--minutes <n>", "run for n minutes", parsePositive, 120)
    .addHelpText("after", "\nExample:\n  deno task maskbench soak --minutes 10")
    .action(async ({ minutes }) => {
      const { path: library } = await openNative();
      const kept = { retry: false, redo: false, controls: false, saveMask: false };
      const execution = { device: "cpu", threads: 1, jobs: 2, ...kept } as const;
      const dataset = await datasetOf({ name: "shapes", split: "test" }, []);
      const start = performance.now(), log: Held[] = [];
      const seconds = () => (performance.now() - start) / 1000;
      const folder = await Deno.makeTempDir({ prefix: "maskbench-soak-" });
      let spoken = -Infinity;
      try {
        while (seconds() < 60 * minutes) {
          const out = join(folder, String(log.length));
          const runs = configurationsOf(sweepOf(log.length), dataset);
          const options = { library, dataFolders: [], execution, listener: quietListener };
          const { failed } = await new Runner(runs, { ...options, folder: out }).execute();
          if (failed.length > 0) throw new Error(`a run failed: ${failed[0]!.reason}`);
          await writeTables(out);
          await Deno.remove(out, { recursive: true });
          const now = await held(seconds());
          log.push(now);
          if (now.seconds - spoken < 60 && now.seconds < 60 * minutes) continue;
          spoken = now.seconds;
          console.log(row(now, log.length));
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
      const faults = grown(log);
      console.log(
        faults.length === 0 ? "flat: memory, open files, handles, tensors" : faults.join("; "),
      );
      Deno.exitCode = faults.length === 0 ? 0 : 1;
    });

if (import.meta.main) {
  await runProcess(["soak", ...Deno.args], [{ name: "soak", load: soakCommand }]);
}
