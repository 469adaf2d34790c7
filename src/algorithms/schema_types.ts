// The types of zod that public ones refer to, by names of our own: `deno doc --lint` takes a package's own for private ones.
import type { z } from "zod";

/**
 * The schema of an algorithm's hyper-parameters: `z.strictObject({ … })`.
 * @internal
 */
export type ParametersSchema = z.ZodObject<z.ZodRawShape>;

/**
 * The schema of one with a default.
 * @internal
 */
export type DefaultedSchema = z.ZodDefault;

/**
 * The schema of a number with a default.
 * @internal
 */
export type NumberSchema = z.ZodDefault<z.ZodNumber>;

/**
 * What schemas are registered in, with something that is said of each.
 * @internal
 */
export type SchemaRegistry<Meta extends object> = z.core.$ZodRegistry<Meta>;
