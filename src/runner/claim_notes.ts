// What is said of claims: whom a process waits for, and that a run's processes were killed.
import type { ClaimHolder, ClaimOwner } from "../runs/claims.ts";
import { labelOf } from "../runs/label.ts";
import type { RunConfig } from "../training/config.ts";

const timeTextOf = (time: number): string =>
  `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;

const ownerTextOf = ({ process, host, since }: ClaimOwner): string =>
  `process ${process} on ${host}, which has had it since ${timeTextOf(Date.parse(since))}`;

/**
 * Whom a process waits for, and what ends that.
 * @param patience milliseconds that it waits at most
 */
export function waitNote(
  config: RunConfig,
  { owner, expiresIn }: ClaimHolder,
  patience: number,
): string {
  const who = owner ? ownerTextOf(owner) : "a process that its claim doesn't name";
  const end = expiresIn === undefined
    ? "or that process has ended"
    : `or, if that process gives no sign of life, ${
      timeTextOf(Date.now() + expiresIn)
    } at the latest`;
  const limit = patience < Infinity
    ? `; in any case until ${timeTextOf(Date.now() + patience)} at the latest`
    : "";
  return `${labelOf(config)}: waiting for ${who}: until the run is finished, ${end}${limit}`;
}

/** Why a run failed whose processes were killed. @param killed at least two, in their order */
export function killedReason(killed: readonly ClaimOwner[]): string {
  const times = killed.length === 2 ? "twice" : `${killed.length} times`;
  const { process, host, since } = killed.at(-1)!;
  return `its process was killed ${times}: each time before it had kept a checkpoint, the last ` +
    `one process ${process} on ${host}, of ${timeTextOf(Date.parse(since))}; a system that is ` +
    "short of memory does that";
}
