// The command line: one file a command, in `commands/`; and how errors are told.
import { Command, CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import maskbench from "../../deno.json" with { type: "json" };
import { WriteError } from "../base/atomic_files.ts";
import { UserError } from "../base/errors.ts";
import { exitNow } from "../native/mod.ts";
import { commands } from "./commands/registry.ts";

/**
 * Runs one command. Exit codes: 0 done, 1 something failed, 2 a wrong call or file, 130 and 143 stopped by a signal.
 * A command that ends with a finding sets `Deno.exitCode` itself.
 */
export async function runCommand(
  args: readonly string[],
  known: readonly (() => CommandUnknownOpts)[] = commands,
): Promise<void> {
  const program = new Command("maskbench")
    .description("Compares algorithms that find a good subnetwork in a network of random weights.")
    .version(maskbench.version)
    .showHelpAfterError("(--help shows what is allowed)")
    .exitOverride();
  for (const command of known) program.addCommand(command().copyInheritedSettings(program));
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      Deno.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (error instanceof UserError) {
      console.error(`maskbench: ${error.message}`);
      Deno.exitCode = error instanceof WriteError ? 1 : 2;
    } else if (Deno.env.get("MASKBENCH_DEBUG")) {
      throw error;
    } else {
      console.error(`maskbench: ${(error as Error).message} (MASKBENCH_DEBUG=1 shows where)`);
      Deno.exitCode = 1;
    }
  }
}

/** The same as all that a process does, which then ends. */
export async function runProcess(
  args: readonly string[],
  known?: readonly (() => CommandUnknownOpts)[],
): Promise<void> {
  await runCommand(args, known);
  exitNow(Number(Deno.exitCode)); // workers may be left, waiting for work or in the middle of it
}

if (import.meta.main) await runProcess(Deno.args);
