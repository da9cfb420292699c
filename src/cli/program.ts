/** The commands that talk to a running server, put on the program. */
import type { Command } from 'commander';
import { addAdminCommands } from './admin.ts';
import { addClockCommands } from './clock.ts';
import { addFaultCommands } from './faults.ts';
import { addLockCommands } from './lock.ts';

/**
 * Adds `admin`, `lock`, `clock` and `faults`. They set `process.exitCode` themselves when the server
 * refuses or cannot be reached; wrong arguments are a `CommanderError`, as everywhere.
 */
export function addClientCommands(program: Command): void {
  const before = program.commandsGroup();
  program.commandsGroup('Administration:');
  addAdminCommands(program);
  addLockCommands(program);
  program.commandsGroup('Testing (stores made with --test-clock):');
  addClockCommands(program);
  addFaultCommands(program);
  program.commandsGroup(before);
}
