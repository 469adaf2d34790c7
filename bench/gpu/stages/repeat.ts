// Whether the same run gives the same bytes on the device: alone, once more, and with others side by side.
import { join } from "node:path";
import { lossesDigestOf } from "../../../src/regression/baseline.ts";
import { labelOf } from "../../../src/runs/label.ts";
import { readRunFolder } from "../../../src/runs/run_folder.ts";
import { configurationsOf } from "../../../src/sweep/expand.ts";
import { checkSweep } from "../../../src/sweep/read.ts";
import type { Stage } from "../stage.ts";
import { datasetOr, mustNotFail, workOn } from "../work.ts";

export interface Repeated {
  readonly run: string;
  /** Digests of the losses and of the mask, one for each time; the last time with other runs side by side. */
  readonly losses: readonly string[];
  readonly masks: readonly string[];
  readonly same: boolean;
}

export const repeat: Stage<readonly Repeated[]> = {
  name: "repeat",
  title: "The same bytes",
  seconds: { cuda: 60, cpu: 600 },
  async run(context) {
    const { rehearsal, scratch, folders } = context;
    const dataset = await datasetOr("shapes", folders);
    if (typeof dataset === "string") throw new Error(dataset);
    const sweep = checkSweep({
      name: "repeat",
      dataset: dataset.name,
      networks: [rehearsal ? { name: "conv2", width: 0.02 } : "conv4"],
      algorithms: [
        { name: "edge-popup", learningRate: 0.1 },
        { name: "sbp", learningRate: 1, scope: "global" },
        ...(rehearsal ? [] : [{ name: "dense", learningRate: 0.01 }]),
      ],
      sparsities: [0.5],
      epochs: rehearsal ? 1 : 3,
      augmentation: "crop-flip",
    });
    const runs = configurationsOf(sweep, dataset);
    const times: [folder: string, jobs: number][] = [["alone", 1], ["with others", runs.length]];
    if (!rehearsal) times.unshift(["first", 1]);
    for (const [folder, jobs] of times) {
      mustNotFail(await workOn(runs, join(scratch, folder), jobs, context));
    }
    const made = await Promise.all(times.map(([folder]) => readRunFolder(join(scratch, folder))));
    return made[0]!.runs.map(({ identity, configuration }): Repeated => {
      const all = made.map(({ runs }) => runs.find((run) => run.identity === identity)!.result);
      const losses = all.map(lossesDigestOf), masks = all.map(({ digest }) => digest);
      const same = new Set(losses).size === 1 && new Set(masks).size === 1;
      return { run: labelOf(configuration), losses, masks, same };
    });
  },
  section: (found) =>
    found.map(({ run, losses, same }) =>
      `- ${same ? "✓" : "✗"} ${run}: ${losses.length} times, the last beside other runs`
    ).join("\n"),
  targets(results) {
    const what = "runs of one identity give the same bytes";
    const found = results.repeat as readonly Repeated[] | undefined;
    if (!found?.length) return [{ what, measured: null, met: null }];
    const same = found.filter((one) => one.same).length;
    return [{ what, measured: `${same} of ${found.length}`, met: same === found.length }];
  },
};
