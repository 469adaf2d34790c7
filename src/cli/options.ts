// Options that several commands have, and what their values may be.
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { UserError } from "../base/errors.ts";
import { describeLibrary, type Device } from "../native/mod.ts";
import type { DeviceChoice } from "../runner/execution_options.ts";

export const deviceOption = () =>
  new Option("--device <device>", "compute on this device; auto takes CUDA where there is one")
    .choices(["auto", "cpu", "cuda"] as const)
    .default("auto" as const);

/** The native library must be open. @throws {UserError} where CUDA is asked for and there is none */
export function resolveDevice(choice: DeviceChoice): Device {
  const { cuda } = describeLibrary();
  if (choice === "cuda" && !cuda) {
    throw new UserError("--device cuda: there is no CUDA device that libtorch can use, try cpu");
  }
  return choice === "auto" ? (cuda ? "cuda" : "cpu") : choice;
}

/** @throws {InvalidArgumentError} for anything but 1 to 9999 */
export function parsePositive(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) {
    throw new InvalidArgumentError("expected a whole number from 1 to 9999.");
  }
  return Number(text);
}

/** Selects some of the runs, and may be repeated; see `selectRuns`. */
export const setOption = () =>
  new Option(
    "--set <path=value>",
    "change what the sweep file says, as epochs=5 or algorithms.sbp.learningRate=1,3; may be repeated",
  ).default([] as string[]).argParser((pair: string, before: string[]) => [...before, pair]);

export const onlyOption = () =>
  new Option(
    "--only <key=value>",
    "take only the runs with this network, algorithm, sparsity, seed, …; may be repeated",
  ).default([] as string[]).argParser((pair: string, before: string[]) => [...before, pair]);
