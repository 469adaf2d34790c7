// A progress bar for commands whose user waits for something.
import process from "node:process";
import cliProgress from "cli-progress";

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
