// The times of a training step and of plain PyTorch's, as `deno task peers` measured and recorded them.
import { z } from "zod";
import { parseWrittenJsonAs, readUserFile } from "../base/json.ts";
import { strictObject } from "../base/schema_errors.ts";
import { plainText } from "../base/text.ts";

const peersSchema = strictObject({
  /** Raised when the file changes so that older ones can't be read any more. */
  format: z.literal(1),
  /** The algorithm that is timed, see `peersAlgorithmOf`. */
  algorithm: plainText.optional(),
  processor: plainText,
  threads: z.int().min(1),
  batchSize: z.int().min(1),
  /** Rounds, each measuring all in turn. */
  rounds: z.int().min(1),
  pytorch: plainText,
  networks: z.array(strictObject({
    network: plainText,
    /** Median milliseconds of a training step, by implementation. */
    msPerStep: z.record(plainText, z.number().positive()).refine(
      (steps) => Object.keys(steps).length > 0,
      "is empty: expected at least one implementation",
    ),
  })).min(1),
});

/** What `deno task peers` measured. */
export type PeerTimes = z.infer<typeof peersSchema>;

/** The algorithm that is timed. The first files don't name it: those that were published are all of edge-popup. */
export const peersAlgorithmOf = ({ algorithm = "edge-popup" }: PeerTimes): string => algorithm;

/**
 * Reads `peers.json`.
 * @throws {UserError} that says what is wrong with it; `Deno.errors.NotFound` where there is none
 */
export async function readPeerTimes(path: string, shown: string = path): Promise<PeerTimes> {
  return parsePeerTimes(await readUserFile(path, shown), shown);
}

/** The same of a file's text. */
export function parsePeerTimes(text: string, shown: string): PeerTimes {
  return parseWrittenJsonAs(peersSchema, text, shown);
}
