// All commands: those of src/, and those that measure and try maskbench itself.
import { type CommandEntry, commands as ownCommands } from "../src/cli/commands/registry.ts";

/** In the order in which the help shows them. */
export const commands: readonly CommandEntry[] = [
  ...ownCommands,
  {
    name: "peers",
    group: "machine",
    load: async () => (await import("./peers/main.ts")).peersCommand(),
  },
  {
    name: "gpu",
    group: "machine",
    load: async () => (await import("./gpu/main.ts")).gpuCommand(),
  },
  {
    name: "soak",
    group: "machine",
    load: async () => (await import("./soak/main.ts")).soakCommand(),
  },
];
