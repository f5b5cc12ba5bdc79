/** A mistake or a condition that the user can change: shown as text with the fix, never as a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly fix: string | undefined;
  readonly exitCode: number;

  /** @param fix what to do about it, as an instruction; @param exitCode default 1 */
  constructor(message: string, options: { readonly fix?: string; readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.fix = options.fix;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
