// The program's door: `deno task maskbench COMMAND …` starts each command with the permissions that are its own.
//
// Deno gives a process its permissions when it starts. This one has those of the set `compute`, which most commands need:
// it loads such a command and carries it out. The others have tasks of their own in deno.json: each is started as its task
// says, in a process of its own, before anything of the program is loaded here.
import { fileURLToPath } from "node:url";
import settings from "./deno.json" with { type: "json" };
import { runChild } from "./src/cli/signals.ts";

/** Commands with permissions of their own; each is also a task of deno.json. */
export const separateCommands = [
  "data",
  "pack",
  "baseline",
  "report",
  "peers",
  "gpu",
  "fuzz",
] as const;

/** The words after `deno` that start a separate command. */
export function wordsOf(
  command: typeof separateCommands[number],
  args: readonly string[],
): string[] {
  const [, run, ...words] = settings.tasks[command].command.split(" ");
  const config = fileURLToPath(new URL("deno.json", import.meta.url));
  const absolute = words.map((word) =>
    word.endsWith(".ts") ? fileURLToPath(new URL(word, import.meta.url)) : word
  );
  return [run!, "--config", config, ...absolute, ...args];
}

async function startSeparately(command: typeof separateCommands[number]): Promise<never> {
  const started = new Deno.Command(Deno.execPath(), {
    args: wordsOf(command, Deno.args.slice(1)),
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  });
  Deno.exit(await runChild(started));
}

async function startHere(): Promise<void> {
  const { runProcess } = await importLater<typeof import("./src/cli/main.ts")>("src/cli/main.ts");
  const { commands } = await importLater<typeof import("./bench/commands.ts")>("bench/commands.ts");
  await runProcess(Deno.args, commands);
}

/** Imports a file of the program by an address that Deno does not know beforehand, so that it loads it no earlier. */
const importLater = async <Module>(path: string): Promise<Module> =>
  await import(new URL(path, import.meta.url).href);

if (import.meta.main) {
  const command = separateCommands.find((name) => name === Deno.args[0]);
  if (command) await startSeparately(command);
  else await startHere();
}
