// All commands of src/, in the order in which the help shows them. A new one is its file and a line here.
import type { CommandUnknownOpts } from "@commander-js/extra-typings";

/** Groups of commands with their headings in the help, each with an example. */
export const commandGroups = {
  run: "Run sweeps (deno task maskbench bench bench/mnist.json):",
  look: "Look at results (deno task maskbench table results/mnist):",
  tune: "Tune hyper-parameters (deno task maskbench tune bench/mnist.json --tries 12):",
  masks: "Examine masks (deno task maskbench controls results/mnist):",
  regression: "Find regressions (deno task maskbench check results/baselines/ci.json):",
  machine: "Set up and measure this machine (deno task maskbench doctor):",
} as const;

/** A command, whose code is loaded once it is needed. */
export interface CommandEntry {
  readonly name: string;
  /** None of a command that only maskbench itself starts: the help does not show it. */
  readonly group?: keyof typeof commandGroups;
  readonly load: () => CommandUnknownOpts | Promise<CommandUnknownOpts>;
}

/** Those of src/; `bench/commands.ts` adds those of bench/. */
export const commands: readonly CommandEntry[] = [
  { name: "bench", group: "run", load: async () => (await import("./bench.ts")).benchCommand() },
  { name: "status", group: "run", load: async () => (await import("./status.ts")).statusCommand() },
  { name: "list", group: "run", load: async () => (await import("./list.ts")).listCommand() },
  { name: "schema", group: "run", load: async () => (await import("./schema.ts")).schemaCommand() },
  { name: "data", group: "run", load: async () => (await import("./data.ts")).dataCommand() },
  { name: "pack", group: "run", load: async () => (await import("./pack.ts")).packCommand() },

  { name: "table", group: "look", load: async () => (await import("./table.ts")).tableCommand() },
  {
    name: "report",
    group: "look",
    load: async () => (await import("./report.ts")).reportCommand(),
  },
  {
    name: "export",
    group: "look",
    load: async () => (await import("./export.ts")).exportCommand(),
  },
  {
    name: "publish",
    group: "look",
    load: async () => (await import("./publish.ts")).publishCommand(),
  },

  {
    name: "claims",
    group: "look",
    load: async () => (await import("./claims.ts")).claimsCommand(),
  },

  { name: "try", group: "run", load: async () => (await import("./try.ts")).tryCommand() },
  { name: "tune", group: "tune", load: async () => (await import("./tune.ts")).tuneCommand() },
  { name: "best", group: "tune", load: async () => (await import("./best.ts")).bestCommand() },

  {
    name: "ticket",
    group: "masks",
    load: async () => (await import("./ticket.ts")).ticketCommand(),
  },
  {
    name: "controls",
    group: "masks",
    load: async () => (await import("./controls.ts")).controlsCommand(),
  },

  {
    name: "baseline",
    group: "regression",
    load: async () => (await import("./baseline.ts")).baselineCommand(),
  },
  {
    name: "check",
    group: "regression",
    load: async () => (await import("./check.ts")).checkCommand(),
  },

  {
    name: "setup",
    group: "machine",
    load: async () => (await import("./setup.ts")).setupCommand(),
  },
  {
    name: "doctor",
    group: "machine",
    load: async () => (await import("./doctor.ts")).doctorCommand(),
  },
  {
    name: "profile",
    group: "machine",
    load: async () => (await import("./profile.ts")).profileCommand(),
  },
  {
    name: "replay",
    group: "machine",
    load: async () => (await import("./replay.ts")).replayCommand(),
  },

  { name: "task", load: async () => (await import("./task.ts")).taskCommand() },
  { name: "share", load: async () => (await import("./share.ts")).shareCommand() },
];
