/**
 * Peers run in processes of their own, as Firn does, with a thread pool as large as Firn's. A peer's
 * file answers every message that it is sent with one message.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onExit } from '../scratch.ts';

export interface PeerProcess<Question, Answer> {
  ask(question: Question): Promise<Answer>;
  stop(): Promise<void>;
}

/** @param file name of a file beside this one */
export function startPeer<Question extends object, Answer>(
  file: string,
): PeerProcess<Question, Answer> {
  const child = fork(join(import.meta.dirname, file), {
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
  });
  onExit(() => child.kill('SIGKILL'));
  return {
    ask: async (question) => {
      child.send(question);
      const ended = new AbortController();
      const { signal } = ended;
      const answered = once(child, 'message', { signal });
      const exited = once(child, 'exit', { signal });
      const [answer] = await Promise.race([answered, exited]);
      ended.abort();
      await Promise.allSettled([answered, exited]);
      if (child.exitCode !== null) throw new Error(`${file} has ended`);
      return answer as Answer;
    },
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The other side. */
export function answerMessages<Question, Answer>(
  answer: (question: Question) => Promise<Answer>,
): void {
  process.on('message', (question: Question) => {
    // What goes wrong ends the process, which whoever asked is told of.
    void answer(question).then((message) => process.send?.(message));
  });
}
