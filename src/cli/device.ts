// The option --device, and what `auto` comes to.
import { Option } from "@commander-js/extra-typings";
import { UserError } from "../errors.ts";
import { describe, type Device } from "../native/mod.ts";

/** What --device may say. */
export type DeviceChoice = "auto" | Device;

export const deviceOption = () =>
  new Option("--device <device>", "where to compute: auto takes CUDA where there is one")
    .choices(["auto", "cpu", "cuda"] as const)
    .default("auto" as const);

/** The native library must be open. @throws {UserError} where CUDA is asked for and there is none */
export function deviceOf(choice: DeviceChoice): Device {
  const { cuda } = describe();
  if (choice === "cuda" && !cuda) {
    throw new UserError("--device cuda: there is no CUDA device that libtorch can use, try cpu");
  }
  return choice === "auto" ? (cuda ? "cuda" : "cpu") : choice;
}
