// maskbench setup: libtorch, compiler and native library, so that nothing else has to wait for them.
import { Command } from "@commander-js/extra-typings";
import { openNative } from "../../native/toolchain/setup.ts";

export const setupCommand = () =>
  new Command("setup")
    .description("find or install libtorch, and build the native library; quick when all is there")
    .addHelpText("after", "\nExample:\n  deno task maskbench setup")
    .action(async () => {
      await openNative();
    });
