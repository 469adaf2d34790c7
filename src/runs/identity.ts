// A run's identity: the SHA-256 of everything that can change its outcome.
import { createHash } from "node:crypto";
import type { RunConfig } from "../training/config.ts";

/** JSON with the keys of every object in ascending order, and no spaces: the same data gives the same text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part) => {
    if (part === null || typeof part !== "object" || Array.isArray(part)) return part;
    const entries = Object.entries(part);
    return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0));
  });
}

/** 64 hexadecimal digits; the name of the run's file. */
export function identityOf(config: RunConfig): string {
  return createHash("sha256").update(canonicalJson(config)).digest("hex");
}

/** SHA-256 of the layers that a sweep describes, in hexadecimal; nothing where the network is built in or a module's. */
export function layersDigestOf({ layers }: RunConfig["network"]): string | undefined {
  return layers && createHash("sha256").update(canonicalJson(layers)).digest("hex");
}
