/** The log: pino's, narrowed to what the code uses. Secrets never go into it. */
import { type Logger, pino, type TransportTargetOptions } from 'pino';

export type Log = Logger;

/** JSON lines on standard output, or lines for a person when `isForPerson`. */
export function createLog(isForPerson: boolean): Log {
  const target: TransportTargetOptions = {
    target: 'pino-pretty',
    options: { ignore: 'pid,hostname', translateTime: 'HH:MM:ss', sync: true },
  };
  const options = { base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return isForPerson ? pino({ ...options, transport: target }) : pino(options);
}
