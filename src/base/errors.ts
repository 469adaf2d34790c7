// A user's mistake: one sentence that says what was wrong, where, and what is allowed. Never a stack trace.

import { printableLines } from "./text.ts";

/** Thrown for what a user can fix; its message is printed as it is, and holds no control characters of files it quotes. */
export class UserError extends Error {
  override readonly name: string = "UserError";

  constructor(message: string, options?: ErrorOptions) {
    super(printableLines(message), options);
  }
}
