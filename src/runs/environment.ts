// What runs are made with: recorded beside each result, and no part of its identity.
import os from "node:os";
import maskbench from "../../deno.json" with { type: "json" };
import { describeLibrary } from "../native/mod.ts";
import type { Environment } from "./run_file.ts";

/** All of it but when a run was. The native library must be open. */
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

/** What computes there: where that is CUDA, the GPU, and then its host's processor. The native library must be open. */
export function processorOf(device: Environment["device"]): string {
  const { processor, gpu } = describeLibrary(), model = os.cpus()[0]?.model.trim() ?? "unknown";
  return [...(device === "cuda" ? [gpu] : []), model, processor].filter(Boolean).join(", ");
}

/** What two runs of one identity must have been made with alike, for the promise that they give the same bytes. */
export const reproducibilityFields = [
  "maskbench",
  "libtorch",
  "blas",
  "device",
  "processor",
  "threads",
] as const;

/** That of an environment. */
export type ReproducibilityKey = Pick<Environment, typeof reproducibilityFields[number]>;

/** Whether two runs of one identity are promised to give the same bytes. */
export function isReproducible(a: ReproducibilityKey, b: ReproducibilityKey): boolean {
  return reproducibilityFields.every((key) => a[key] === b[key]);
}

/**
 * The commit of maskbench's own checkout, `-dirty` after changes. Where it is none, or git is not there, what
 * MASKBENCH_COMMIT says: a copy without its history, on a machine without a network, can be told.
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
