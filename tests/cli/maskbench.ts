// maskbench as a user starts it: a process of its own, with the permissions that a task of deno.json gives it.
import { fileURLToPath } from "node:url";
import settings from "../../deno.json" with { type: "json" };

/** The repository's root. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** A task; `maskbench` has all commands, and starts each with its own permissions. */
type Task = "maskbench" | "pack" | "gpu";

/** The words after `deno` that start it. */
export const words = (...args: string[]): string[] => wordsOf("maskbench", args);

function wordsOf(task: Task, args: readonly string[]): string[] {
  const [, ...words] = settings.tasks[task].command.split(" ");
  return [...words.slice(0, 2), "--no-prompt", ...words.slice(2), ...args];
}

const surroundings = (env: Record<string, string>) => ({
  cwd: root,
  env: { NO_COLOR: "1", INIT_CWD: root, MASKBENCH_DATA: "", ...env },
});

/** Runs it to its end. */
export async function maskbench(
  args: string[],
  env: Record<string, string> = {},
  task: Task = "maskbench",
): Promise<Ended> {
  const command = new Deno.Command(Deno.execPath(), {
    ...surroundings(env),
    args: wordsOf(task, args),
  });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), error: text(stderr) };
}

/** Runs a command in the process that is started, with this permission set, whichever is its own. */
export async function maskbenchWithSet(set: string, args: string[]): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    ...surroundings({}),
    args: ["run", "--quiet", "--no-prompt", `-P=${set}`, "src/cli/main.ts", ...args],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), error: text(stderr) };
}

/** Starts it, with its standard error to read. */
export function start(
  args: string[],
  env: Record<string, string> = {},
  task: Task = "maskbench",
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    ...surroundings(env),
    args: wordsOf(task, args),
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** A signal to a process, which may have ended by itself just now: what it ended with tells. */
export function send(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** A folder for the time of a test. */
export async function withFolder(body: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
