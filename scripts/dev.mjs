/** `npm run dev`: the server from its sources on ./firn-dev-data, restarted when a source changes. */
import { join } from 'node:path';
import { ensureInstalled, orExit, root } from './prepare.mjs';

orExit(ensureInstalled);

// The server is a child of tsx, and starts with the thread pool that bin/firn would give it.
process.env.UV_THREADPOOL_SIZE ??= '16';

const server = [join(root, 'src', 'main.ts'), 'serve', '--data-dir', './firn-dev-data'];
process.argv.splice(2, 0, 'watch', '--clear-screen=false', ...server);
await import(import.meta.resolve('tsx/cli'));
