/** What ends a command that cannot do what it was asked: a sentence and an exit code, no stack. */

/** 1: refused, unreachable or gone wrong. 2: called in a way that makes no sense. */
export type ExitCode = 1 | 2;

/** The message is a sentence for the person at the keyboard, and says what to do next. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly exitCode: ExitCode = 1;
}

/** Wrong arguments, options, files or variables: nothing was sent. */
export class UsageError extends CliError {
  override readonly name: string = 'UsageError';
  override readonly exitCode: ExitCode = 2;
}
