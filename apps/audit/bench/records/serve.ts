/** The audit service by itself in a process: tells its address and database, and on each message a token and its memory. */
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { startBenchService } from './service.ts';

const { url, database, tokenFor } = await startBenchService();
// What was compiled is kept by who ends in peace, and this one is killed: the next shall start as services do.
flushCompileCache();
process.on('message', (tenantId: string) => {
  void tokenFor({ tenantId }).then((token) => process.send?.({ token, ...memory() }));
});
process.send?.({ url, database });
// Whoever started it may be gone without a word.
process.on('disconnect', () => process.exit(0));

/** Bytes: all that is resident, and what is so for this process alone (files are mapped once for all services). */
function memory(): { resident: number; own: number } {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return { resident: process.memoryUsage.rss(), own: Number(kilobytes) * 1024 };
}
