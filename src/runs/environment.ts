// What runs are made with: recorded with each result, and no part of its identity.
import os from "node:os";
import maskbench from "../../deno.json" with { type: "json" };
import { describeLibrary } from "../native/mod.ts";
import type { Environment } from "./run_file.ts";

/** The environment of runs, without the times of one. The native library must be open. */
export function environmentOf(
  { device, threads, jobs, blas }: Pick<Environment, "device" | "threads" | "jobs" | "blas">,
): Omit<Environment, "started" | "finished"> {
  const { libtorch } = describeLibrary();
  return {
    maskbench: maskbench.version,
    commit: commitOf(),
    deno: Deno.version.deno,
    libtorch,
    blas,
    device,
    processor: processorOf(device),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    threads,
    jobs,
  };
}

/** The processor that computes; with CUDA the GPU, and then its host's processor. The native library must be open. */
export function processorOf(device: Environment["device"]): string {
  const { processor, gpu } = describeLibrary(), model = os.cpus()[0]?.model.trim() ?? "unknown";
  return [...(device === "cuda" ? [gpu] : []), model, processor].filter(Boolean).join(", ");
}

/** The fields of an environment that two runs of one identity must share to be promised the same bytes. */
export const reproducibilityFields = [
  "maskbench",
  "libtorch",
  "blas",
  "device",
  "processor",
  "threads",
] as const;

/** The values of those fields. */
export type ReproducibilityKey = Pick<Environment, typeof reproducibilityFields[number]>;

/** Whether two runs of one identity are promised to give the same bytes. */
export function isReproducible(a: ReproducibilityKey, b: ReproducibilityKey): boolean {
  return reproducibilityFields.every((key) => a[key] === b[key]);
}

/**
 * The commit of maskbench's own checkout, `-dirty` after changes. Where it is none, or git is not there, what
 * MASKBENCH_COMMIT says: so a copy without its history, on a machine without a network, can be identified.
 */
export function commitOf(): string {
  const git = (...args: string[]): string | undefined => {
    try {
      const cwd = new URL("../..", import.meta.url);
      const { success, stdout } = new Deno.Command("git", { args, cwd, stderr: "null" })
        .outputSync();
      return success ? new TextDecoder().decode(stdout).trim() : undefined;
    } catch {
      return undefined;
    }
  };
  const head = git("rev-parse", "HEAD");
  if (!head) return Deno.env.get("MASKBENCH_COMMIT") ?? "";
  return git("status", "--porcelain", "--untracked-files=no") === "" ? head : `${head}-dirty`;
}
