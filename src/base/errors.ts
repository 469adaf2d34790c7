// A user's mistake: one sentence that says what was wrong, where, and what is allowed. Never a stack trace.

import { printableLines } from "./text.ts";

/** Thrown for what a user can fix; its message is printed as it is, and holds no control characters of files it quotes. */
export class UserError extends Error {
  /** What it is, for messages. */
  override readonly name: string = "UserError";

  /** A mistake. @param message the sentence @param options may hold the cause */
  constructor(message: string, options?: ErrorOptions) {
    super(printableLines(message), options);
  }
}
