// How runs are executed: where, how many side by side, and what is kept of them. None of it is part of a run's identity.
import { z } from "zod";
import type { Device } from "../native/mod.ts";

/** A device, or `auto`: CUDA where the machine that executes the runs has it. */
export type DeviceChoice = "auto" | Device;

/** The options by which runs are executed, with a device or still with the choice of one. */
export interface ExecutionOptions<Where extends DeviceChoice = Device> {
  readonly device: Where;
  /** Processor threads of each run. */
  readonly threads: number;
  /** Runs side by side. */
  readonly jobs: number;
  /** Whether runs that failed at an earlier start are tried again. */
  readonly retry: boolean;
  /** Whether runs that another commit of maskbench finished are made again. */
  readonly redo: boolean;
  /** Whether learnt masks are compared with their controls; see `training/controls.ts`. */
  readonly controls: boolean;
  /** Whether runs keep their tickets; see `tickets/ticket.ts`. */
  readonly saveMask: boolean;
}

/** The same in a file that another machine executes. */
export const executionOptionsSchema = z.strictObject({
  device: z.enum(["auto", "cpu", "cuda"]),
  threads: z.int().min(1),
  jobs: z.int().min(1),
  retry: z.boolean(),
  redo: z.boolean().default(false),
  controls: z.boolean(),
  saveMask: z.boolean(),
}) satisfies z.ZodType<ExecutionOptions<DeviceChoice>>;

/** What a user asks for: whatever is left out gets a default. */
export type ExecutionRequest = {
  readonly [Option in keyof ExecutionOptions]?:
    | ExecutionOptions<DeviceChoice>[Option]
    | undefined;
};
