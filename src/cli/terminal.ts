// What depends on the terminal: its width and colours, and a progress bar for commands whose user waits for something.
import process from "node:process";
import cliProgress from "cli-progress";
import type { TerminalStyle } from "../report/text_table.ts";

/** That of standard output; nothing where that is no terminal. */
export function terminalStyle(): TerminalStyle | undefined {
  if (!Deno.stdout.isTerminal()) return undefined;
  return {
    width: Math.max(40, process.stdout.columns ?? 80),
    hasColour: !Deno.noColor,
  };
}

/** A progress bar on standard error; none where that is no terminal. @param format see cli-progress */
export function createBar(terminal: boolean, format: string): cliProgress.SingleBar | undefined {
  if (!terminal) return undefined;
  return new cliProgress.SingleBar({
    format,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  }, cliProgress.Presets.shades_classic);
}
