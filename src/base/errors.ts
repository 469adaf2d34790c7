// A user's mistake: one sentence that says what was wrong, where, and what is allowed. Never a stack trace.

/** Thrown for what a user can fix; its message is printed as it is. */
export class UserError extends Error {
  override readonly name: string = "UserError";
}
