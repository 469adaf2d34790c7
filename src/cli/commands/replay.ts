// maskbench replay FOLDER: a golden trajectory through this machine's core.
import { Command } from "@commander-js/extra-typings";
import { type Replay, replayGoldens, replayTolerance } from "../../goldens/replay.ts";
import { openNative } from "../../native/toolchain/setup.ts";
import { deviceOption, resolveDevice } from "../options.ts";
import { userPathOf } from "../paths.ts";

export const replayCommand = () =>
  new Command("replay")
    .description("replay a golden trajectory, and exit 1 if it differs from what was recorded")
    .argument(
      "<folder>",
      "a folder with manifest.json and six .bin files, such as tests/goldens/sbp-conv-global",
    )
    .option("--json", "print a JSON object instead of text")
    .addOption(deviceOption())
    .addHelpText("after", "\nExample:\n  deno task maskbench replay tests/goldens/sbp-conv-global")
    .action(async (folder, { json, device }) => {
      await openNative();
      const replay = await replayGoldens(userPathOf(folder), resolveDevice(device));
      console.log(
        json
          ? JSON.stringify({ folder, ...replay, tolerance: replayTolerance })
          : textOf(folder, replay),
      );
      if (!replay.passed) Deno.exitCode = 1;
    });

function textOf(folder: string, replay: Replay): string {
  const allowed = Math.floor(replayTolerance.mask * replay.weights);
  const line = (what: string, value: string, allowed: string, passed: boolean) =>
    `  ${what.padEnd(33)}${value.padEnd(14)}allowed ${allowed.padEnd(8)}${
      passed ? "ok" : "TOO FAR"
    }`;
  return [
    `${folder}: ${replay.algorithm}, ${replay.steps} steps, ${replay.weights} weights`,
    line(
      "largest difference of a loss",
      replay.loss.toExponential(1),
      "1e-4",
      replay.loss <= replayTolerance.loss,
    ),
    line(
      "largest difference of a score",
      replay.score.toExponential(1),
      "1e-5",
      replay.score <= replayTolerance.score,
    ),
    line(
      "entries of the mask that differ",
      `${replay.maskEntries}`,
      `${allowed}`,
      replay.maskEntries <= allowed,
    ),
    replay.passed ? "passed" : "failed",
  ].join("\n");
}
