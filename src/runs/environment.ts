// What runs are made with: recorded with each result, and no part of its identity.
import os from "node:os";
import { fileURLToPath } from "node:url";
import maskbench from "../../deno.json" with { type: "json" };
import { describeLibrary } from "../native/mod.ts";
import type { Environment } from "./run_file.ts";

/** The commit of a copy that has no history and that no variable gives one. */
export const UNKNOWN_COMMIT = "unknown";

/** The environment of runs, without the times of one. The native library must be open. */
export function environmentOf(
  { device, threads, jobs, blas }: Pick<Environment, "device" | "threads" | "jobs" | "blas">,
): Omit<Environment, "started" | "finished"> {
  const { libtorch, instructions } = describeLibrary();
  return {
    maskbench: maskbench.version,
    commit: ownCommit(),
    deno: Deno.version.deno,
    libtorch,
    blas,
    instructions,
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
  "instructions",
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

/** Variables that git would take another repository, work tree or index from, as in a hook of git's own. */
const gitVariables = [
  ...["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"],
  ...["GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES"],
];

/**
 * The commit of maskbench's own checkout, `-dirty` after changes, whoever owns its files. Where the folder is no top level
 * of a repository, or git is not there, what MASKBENCH_COMMIT says, or GITHUB_SHA where the job's checkout is this folder;
 * else `unknown`.
 * @param root of maskbench
 */
export function commitOf(
  root: string,
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string {
  const top = Deno.realPathSync(root);
  const git = (...args: string[]): string | undefined => {
    try {
      const without = gitVariables.flatMap((name) => ["-u", name]);
      const { success, stdout } = new Deno.Command("env", {
        args: [...without, "git", "-c", `safe.directory=${top}`, "-C", top, ...args],
        stderr: "null",
      }).outputSync();
      return success ? new TextDecoder().decode(stdout).trim() : undefined;
    } catch {
      return undefined; // no program to call, or none that may be called
    }
  };
  const [found, head] = git("rev-parse", "--show-toplevel", "HEAD")?.split("\n") ?? [];
  if (found === top && head) {
    const isClean = git("status", "--porcelain", "--untracked-files=no") === "";
    return isClean ? head : `${head}-dirty`;
  }
  const isJobs = realPathOf(env("GITHUB_WORKSPACE")) === top;
  return env("MASKBENCH_COMMIT") || (isJobs && env("GITHUB_SHA")) || UNKNOWN_COMMIT;
}

let known: string | undefined;

/** The commit of this process's maskbench, asked for once. */
export function ownCommit(): string {
  known ??= commitOf(fileURLToPath(new URL("../..", import.meta.url)));
  return known;
}

function realPathOf(path: string | undefined): string | undefined {
  try {
    return path === undefined ? undefined : Deno.realPathSync(path);
  } catch {
    return undefined; // no such folder
  }
}
