// How files write a SHA-256.
import { z } from "zod";

/** A SHA-256 as lower-case hexadecimal digits. */
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");
