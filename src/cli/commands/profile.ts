// maskbench profile: where a training step's time goes.
import os from "node:os";
import { Command, Option } from "@commander-js/extra-typings";
import { algorithms, referenceAlgorithm } from "../../algorithms/registry.ts";
import { type Profile, profileStep, stepConfigOf } from "../../diagnostics/profile.ts";
import { openNative } from "../../native/toolchain/setup.ts";
import { networks } from "../../networks/registry.ts";
import { processorOf } from "../../runs/environment.ts";
import { deviceOption, parsePositive, resolveDevice } from "../options.ts";

export const profileCommand = () =>
  new Command("profile")
    .description("measure a training step and its parts, next to what the machine can do")
    .addOption(
      new Option("--network <name>", "measure a step of this network").choices(
        networks.map(({ name }) => name),
      ).default("conv4"),
    )
    .addOption(
      new Option("--algorithm <name>", "measure a step of this algorithm")
        .choices(algorithms.filter(({ learns }) => learns).map(({ name }) => name))
        .default(referenceAlgorithm.name),
    )
    .option("--batch <n>", "take n pictures in a step", parsePositive, 128)
    .option("--threads <n>", "use n processor threads; default all", parsePositive)
    .option("--steps <n>", "measure n steps", parsePositive, 20)
    .addOption(
      new Option("--precision <name>", "multiply in this precision").choices(
        ["float32", "bfloat16", "tf32"] as const,
      )
        .default("float32" as const),
    )
    .addOption(deviceOption())
    .option("--json", "print a JSON object instead of text")
    .addHelpText(
      "after",
      "\nExample:\n  deno task maskbench profile --network conv4 --algorithm sbp --threads 1",
    )
    .action(async ({ network, algorithm, batch, steps, precision, json, ...options }) => {
      await openNative();
      const config = stepConfigOf(network, algorithm, batch, precision);
      const device = resolveDevice(options.device);
      const threads = options.threads ?? os.availableParallelism();
      const found = profileStep(config, { device, threads, steps });
      const about = { network, algorithm, batch, precision, threads, device };
      const all = { ...about, processor: processorOf(device), ...found };
      console.log(json ? JSON.stringify(all, null, 2) : textOf(about, found));
    });

function textOf(about: Record<string, string | number>, found: Profile): string {
  const { parts, machine, msPerStep, waitingMsPerStep } = found;
  const fixed = (value: number) => value.toFixed(value < 10 ? 2 : 1).padStart(8);
  const percent = (part: number) => `${Math.round(100 * part)}%`.padStart(5);
  const yardstick: Record<string, string> = {
    forward: "matrix product",
    backward: "matrix product",
    weights: "copy",
    projection: "copy",
    update: "copy",
  };
  const rows = Object.entries(parts).map(([part, { ms, ofPeak }]) =>
    `  ${part.padEnd(11)}${fixed(ms)} ms${percent(ms / waitingMsPerStep)}` +
    (ofPeak === undefined
      ? ""
      : `   at ${percent(ofPeak).trim()} of the ${yardstick[part]}'s speed`)
  );
  return [
    Object.entries(about).map(([key, value]) => `${key} ${value}`).join(", "),
    `  ${"step".padEnd(11)}${fixed(msPerStep)} ms as training goes, ` +
    `${fixed(waitingMsPerStep).trim()} ms with each part waited for:`,
    ...rows,
    `  ${Math.round(found.imagesPerSecond).toLocaleString("en")} images/s, ` +
    `${found.gflops.toFixed(0)} GFLOP/s; vectors are streamed at ` +
    `${found.gigabytesPerSecond.toFixed(1)} GB/s`,
    `  this machine: a matrix product ${machine.gflops.toFixed(0)} GFLOP/s, ` +
    `a copy ${machine.gigabytesPerSecond.toFixed(1)} GB/s`,
  ].join("\n");
}
