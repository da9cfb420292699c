/** The program: reads the arguments and opens one door. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { leaveWhenNobodyReads, speakAsFirn } from './cli/client-command.ts';
import { addClientCommands } from './cli/program.ts';
import { ConfigError, environmentName } from './config.ts';
import { addAuditCommands } from './offline/audit.ts';
import { type SettingName, settings } from './settings.ts';
import { StoreDamagedError } from './storage/store-errors.ts';

/** Exit codes: 1 for what went wrong, 2 for how it was called. */
const failed = 1;
const misused = 2;

const version = readVersion();

const program = new Command('firn')
  .description('Firn: the Glacier API on your own disks')
  .version(version)
  .exitOverride();
speakAsFirn(program);

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

const serveCommand = program
  .command('serve')
  .description('run the server')
  .option('--config <FILE>', 'TOML file with the same settings');
for (const [name, setting] of Object.entries(settings)) {
  if ('isSecret' in setting) continue;
  const argument = 'isSwitch' in setting ? '' : ` <${setting.argument}>`;
  const option = new Option(`--${name}${argument}`, setting.doc);
  option.helpGroup('Settings:');
  if (name === 'data-dir' || 'isList' in setting)
    option.argParser((value, before: string[] | undefined) => [...(before ?? []), value]);
  serveCommand.addOption(option);
}
serveCommand.addHelpText('after', () => {
  const secrets = Object.entries(settings).filter(([, setting]) => 'isSecret' in setting);
  const lines = secrets.map(
    ([name, setting]) => `  ${environmentName(name as SettingName)}[_FILE]  ${setting.doc}`,
  );
  return `\nEvery setting is an environment variable too (--data-dir: FIRN_DATA_DIR). By environment only:\n${lines.join('\n')}`;
});
serveCommand.action(async (options) => {
  // A server goes on when nobody reads what it says.
  process.stdout.off('error', leaveWhenNobodyReads);
  // It is much to load, and no other command needs it.
  const { serve } = await import('./serve.ts');
  await serve(options, version);
});
addAuditCommands(program);
addClientCommands(program);

process.stdout.on('error', leaveWhenNobodyReads);
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

/** Says what went wrong, in a sentence where it is the operator's to mend. Returns the exit code. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : misused;
  const isForOperator = error instanceof ConfigError || error instanceof StoreDamagedError;
  const isFromSystem = error instanceof Error && 'syscall' in error;
  const text = isForOperator || isFromSystem ? (error as Error).message : (error as Error).stack;
  process.stderr.write(`firn: ${text}\n`);
  return error instanceof ConfigError ? misused : failed;
}
