// The command line: finds the command, carries it out, reports what went wrong, and ends with its exit code.
import { Command, CommanderError } from "@commander-js/extra-typings";
import settings from "../../deno.json" with { type: "json" };
import { WriteError } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { describeUnknown } from "../base/schema_errors.ts";
import { useModule } from "../extensions/modules.ts";
import { exitNow } from "../native/mod.ts";
import { type CommandEntry, commandGroups, commands } from "./commands/registry.ts";
import { userPathOf } from "./paths.ts";

/**
 * Carries out one command, and ends the process.
 * @param known the commands that there are
 */
export async function runProcess(
  args: readonly string[],
  known: readonly CommandEntry[] = commands,
): Promise<void> {
  await runCommand(args, known);
  exitNow(Number(Deno.exitCode)); // workers may be left, waiting for work or in the middle of it
}

/**
 * Carries out one command. Exit codes: 0 done, 1 something failed, 2 a wrong call or file, 130 and 143 stopped by a signal.
 * A command that ends with a finding sets `Deno.exitCode` itself.
 */
export async function runCommand(
  args: readonly string[],
  known: readonly CommandEntry[] = commands,
): Promise<void> {
  try {
    const { words, modules } = withoutModules(args);
    for (const path of modules) await useModule(userPathOf(path), undefined, path);
    const program = await programOf(neededFor(words, known));
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    Deno.exitCode = reportError(error);
  }
}

/** The program with some commands: for their help, too. */
export async function programOf(entries: readonly CommandEntry[]): Promise<Command> {
  const program = createProgram();
  for (const entry of entries) await addCommand(program, entry);
  return program;
}

// Modules come before all else: what they bring is in the schemas and choices that commands are made of.
function withoutModules(args: readonly string[]): { words: string[]; modules: string[] } {
  const words: string[] = [], modules: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === "--") return { words: [...words, ...args.slice(i)], modules };
    if (word.startsWith("--use=")) modules.push(word.slice("--use=".length));
    else if (word !== "--use") words.push(word);
    else if (args[++i] !== undefined) modules.push(args[i]!);
    else throw new UserError("--use: expected the path of a module");
  }
  return { words, modules };
}

function createProgram(): Command {
  return new Command("maskbench")
    .description("Compares algorithms that find a good subnetwork in a network of random weights.")
    .version(settings.version)
    .helpCommand("help [command]", "show what a command does, and its options")
    .showHelpAfterError("(--help shows what is allowed)")
    .addHelpText(
      "after",
      "\n`deno task maskbench COMMAND --help` shows a command's options, with examples.",
    )
    .exitOverride();
}

/** The command that is called, or all of them for the help. @throws {UserError} where there is no such command */
function neededFor(
  [word]: readonly string[],
  known: readonly CommandEntry[],
): readonly CommandEntry[] {
  if (word === undefined || word === "help" || word.startsWith("-")) return known;
  const called = known.find(({ name }) => name === word);
  if (called) return [called];
  const shown = known.filter(({ group }) => group !== undefined).map(({ name }) => name);
  throw new UserError(`command ${describeUnknown(word, shown)} (--help shows all)`);
}

async function addCommand(program: Command, { group, load }: CommandEntry): Promise<void> {
  const command = (await load()).copyInheritedSettings(program);
  for (const part of command.commands) part.copyInheritedSettings(command);
  if (group) command.helpGroup(commandGroups[group]);
  for (const part of command.commands.length > 0 ? command.commands : [command]) {
    part.option(
      "--use <module>",
      "load algorithms, networks and data sets of your own, see docs/extending.md",
    );
  }
  program.addCommand(command, { hidden: group === undefined });
}

/** Says what went wrong in a sentence, where nothing has said it yet. @returns the exit code */
function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // it was printed already
  if (error instanceof UserError) {
    console.error(`maskbench: ${error.message}`);
    return error instanceof WriteError ? 1 : 2;
  }
  if (Deno.env.get("MASKBENCH_DEBUG")) throw error;
  console.error(`maskbench: ${(error as Error).message} (MASKBENCH_DEBUG=1 shows where)`);
  return 1;
}

if (import.meta.main) await runProcess(Deno.args);
