// The goldens on the device: trajectories that plain PyTorch computed on a processor, replayed.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import { type Replay, replayGoldens, replayTolerance } from "../../../src/goldens/replay.ts";
import { openNative } from "../../../src/native/toolchain/setup.ts";
import type { Stage } from "../stage.ts";

export interface ReplayedGolden extends Replay {
  readonly golden: string;
}

export const goldens: Stage<readonly ReplayedGolden[]> = {
  name: "goldens",
  title: "Goldens",
  seconds: { cuda: 60, cpu: 600 },
  async run({ device }, keep) {
    await openNative();
    const own = fileURLToPath(new URL("../../../tests/goldens", import.meta.url));
    const more = Deno.env.get("MASKBENCH_GOLDENS");
    const done: ReplayedGolden[] = [];
    for (const root of [own, ...(more ? [more] : [])]) {
      const entries = [...Deno.readDirSync(root)].filter(({ isDirectory }) => isDirectory);
      for (const { name: golden } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
        done.push({ golden, ...await replayGoldens(join(root, golden), device) });
        keep(done);
      }
    }
    return done;
  },
  section: (replayed) =>
    markdownTable([
      ["golden", "steps", "loss off by", "score off by", "mask entries off", ""],
      ...replayed.map(({ golden, steps, loss, score, maskEntries, weights, passed }) => [
        golden,
        String(steps),
        loss.toExponential(1),
        score.toExponential(1),
        `${maskEntries} of ${weights}`,
        passed ? "✓" : "✗",
      ]),
    ], { align: ["l", "r", "r", "r", "r", "l"] }) +
    `\n\nAllowed: ${replayTolerance.loss} for a loss, ${replayTolerance.score} for a score, ` +
    `${100 * replayTolerance.mask}% of the mask.`,
  targets(results) {
    const what = "goldens replay within float32 rounding";
    const replayed = results.goldens as readonly ReplayedGolden[] | undefined;
    if (!replayed?.length) return [{ what, measured: null, met: null }];
    const passed = replayed.filter((one) => one.passed).length;
    const measured = `${passed} of ${replayed.length}`;
    return [{ what, measured, met: passed === replayed.length }];
  },
};
