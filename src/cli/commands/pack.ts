// maskbench pack FOLDER: makes a data set of a folder of pictures, or of arrays.
import { basename, join } from "node:path";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { durationTextOf } from "../../base/duration.ts";
import { UserError } from "../../base/errors.ts";
import { readPlainText } from "../../base/plain_files.ts";
import { packFolderNamePattern, SIZES } from "../../datasets/pack.ts";
import type { PackOptions, PackResult } from "../../datasets/packing.ts";
import { ownPathOf, shownPathOf, userPathOf } from "../paths.ts";
import { withSignals } from "../signals.ts";
import { createBar } from "../terminal.ts";

/** Milliseconds between two plain lines. */
const PLAIN_LINE_INTERVAL = 10_000;

/** Pictures that could not be decoded and are named on the terminal. */
const MAX_LISTED = 5;

const sizeOf = (text: string): number => {
  const size = Number(text);
  if (/^\d+$/.test(text) && size >= SIZES.min && size <= SIZES.max) return size;
  throw new InvalidArgumentError(`expected a whole number from ${SIZES.min} to ${SIZES.max}.`);
};

export const packCommand = () =>
  new Command("pack")
    .description(
      "decode and resize pictures of a folder or of arrays, once, to be a data set of sweeps",
    )
    .argument(
      "<folder>",
      "a folder with train/CLASS/*.jpg or *.png, and test/ or val/ like it; or one of MNIST's, CIFAR's or NumPy's files",
    )
    .option(
      "--size <n>",
      "let networks read pictures of n × n; default 224, arrays as they are",
      sizeOf,
    )
    .option("--name <name>", "let sweep files use this name; default the last part of the path")
    .option("--to <dir>", "put the pack in this data folder; default data/ next to deno.json")
    .addHelpText(
      "after",
      `
Pictures are stored in packed/<name>-<size>/, the shorter side 256 for 224 and in that proportion, below 64
exactly of that size. What can't be decoded is skipped, and named in skipped.txt there. Packed again, only a
folder that has changed is decoded. Where all pictures are grey, networks read one channel.

Arrays are: train-images-idx3-ubyte[.gz] and its like; data_batch_1.bin, …, test_batch.bin, or train.bin and test.bin,
of CIFAR; x_train, y_train, x_test, y_test, or train_images, train_labels, test_images, test_labels, of bytes, in an
.npz file or a folder of .npy files.

Examples:
  deno task pack /data/imagenet
  deno task pack /data/pathmnist.npz
  deno task pack pictures/cifar10-jpeg --size 32 --name cifar`,
    )
    .action(async (path, { size, name, to }) => {
      const from = userPathOf(path), packName = name ?? basename(from, ".npz");
      if (!packFolderNamePattern.test(packName)) {
        throw new UserError(
          `--name: "${packName}" can't be the name of a folder: expected letters, digits, ".", "_" and "-"`,
        );
      }
      if ((await Deno.permissions.query({ name: "ffi" })).state !== "granted") {
        throw new UserError('this command may not load a decoder, "deno task pack" may');
      }
      const dataFolder = to === undefined ? ownPathOf("data") : userPathOf(to);
      await packAndReport({
        from,
        to: dataFolder,
        name: packName,
        ...size === undefined ? {} : { size },
      });
    });

/** Packs a folder with progress on the terminal; a signal ends it with nothing packed. */
async function packAndReport(
  options: Pick<PackOptions, "from" | "to" | "name" | "size">,
): Promise<void> {
  const { packFolder } = await import("../../datasets/packing.ts"); // with its decoder, for this command alone
  const stopping = new AbortController();
  const progress = new PackProgress();
  try {
    const result = await withSignals(
      (_, code) => stopping.abort(code),
      () =>
        packFolder({
          ...options,
          signal: stopping.signal,
          note: (text) => console.error(text),
          onProgress: (done, total) => progress.show(done, total),
        }),
    );
    progress.end();
    await reportPack(result, options.name);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    progress.end();
    console.error("stopped: nothing is packed");
    Deno.exitCode = stopping.signal.reason;
  } finally {
    progress.end();
  }
}

/** How far the packing is: a bar on a terminal, plain lines elsewhere. */
class PackProgress {
  readonly #bar = createBar(
    Deno.stderr.isTerminal(),
    "{bar} {value}/{total} pictures, {left} left",
  );
  readonly #started = performance.now();
  #printedAt = this.#started;
  #isShown = false;

  show(done: number, total: number): void {
    const now = performance.now();
    const left = durationTextOf((now - this.#started) / 1000 * (total - done) / done);
    if (!this.#isShown) this.#bar?.start(total, 0, { left });
    this.#isShown = true;
    this.#bar?.update(done, { left });
    if (this.#bar || now - this.#printedAt < PLAIN_LINE_INTERVAL) return;
    this.#printedAt = now;
    console.error(`${done}/${total} pictures, ${left} left`);
  }

  end(): void {
    this.#bar?.stop();
  }
}

async function reportPack(
  { home, manifest, before }: PackResult,
  folder: string,
): Promise<void> {
  const { train, test, classes, mean, size, skipped } = manifest;
  if (skipped > 0) await listSkipped(join(home, "skipped.txt"), skipped);
  const state = before ? "was there already, all checksums right" : "is packed";
  const grey = mean.length === 1 ? "grey " : "";
  const megabytes = Math.round((train.bytes + test.bytes) / 1e6).toLocaleString("en");
  console.log(
    `${
      shownPathOf(home)
    } ${state}: ${train.count} ${grey}pictures to train on, ${test.count} to test on, ` +
      `${classes.length} classes, ${megabytes} MB; in a sweep file: "dataset": ` +
      JSON.stringify({ folder, size }),
  );
}

async function listSkipped(path: string, count: number): Promise<void> {
  const all = (await readPlainText(path)).trimEnd().split("\n");
  const named = all.slice(0, MAX_LISTED).join("\n  ");
  const more = count > MAX_LISTED ? `\n  and ${count - MAX_LISTED} more` : "";
  const ending = all.filter((line) => line.includes(": its ending is ")).length;
  const below = all.filter((line) => line.includes(": a folder below a class")).length;
  const counts = [
    [all.length - ending - below, "can't be decoded"],
    [ending, "of another ending"],
    [below, below === 1 ? "folder below a class" : "folders below classes"],
  ].filter(([number]) => number).map(([number, what]) => `${number} ${what}`).join(", ");
  console.error(
    `${count} ${count === 1 ? "file was" : "files were"} skipped (${counts}), ${
      shownPathOf(path)
    } names them:\n  ${named}${more}`,
  );
}
