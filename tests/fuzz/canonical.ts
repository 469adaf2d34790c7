// A run's identity as README.md states it, written down once more: sorted keys, no spaces, SHA-256.
import { createHash } from "node:crypto";
import type { Json } from "./fuzz.ts";

function sorted(json: Json): string {
  if (json === null || typeof json !== "object") return JSON.stringify(json);
  if (Array.isArray(json)) return `[${json.map(sorted).join()}]`;
  const keys = Object.keys(json).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${sorted(json[key]!)}`).join()}}`;
}

export const identityBySpecification = (configuration: Json): string =>
  createHash("sha256").update(sorted(configuration)).digest("hex");

/** The checksum of a run file: the same over all of it but the checksum. */
export function checksumBySpecification({ checksum: _, ...file }: { [key: string]: Json }): string {
  return createHash("sha256").update(sorted(file)).digest("hex");
}
