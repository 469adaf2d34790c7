// A bar for what a command waits for.
import process from "node:process";
import cliProgress from "cli-progress";

/** A bar on standard error; nothing where that is no terminal. @param format see cli-progress */
export function createBar(terminal: boolean, format: string): cliProgress.SingleBar | undefined {
  if (!terminal) return undefined;
  return new cliProgress.SingleBar({
    format,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  }, cliProgress.Presets.shades_classic);
}
