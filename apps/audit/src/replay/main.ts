import { consumerQueues, type DeadLetter, replayDeadLetters } from '@pipedesk/messaging';
import { orExit } from '@pipedesk/service-kit';
import { parseArgs } from 'node:util';
import { readReplayConfig } from '../config.ts';

/**
 * `npm run audit:replay [-- --dry-run] [--queue timeline.events] [--id TEXT] [--type TEXT] [--reason TEXT]`: puts dead
 * letters back into their queue. The texts are parts of what they are compared with. AMQP_URL says where the broker is.
 */
const { values } = parseArgs({
  options: {
    'dry-run': { type: 'boolean', default: false },
    queue: { type: 'string', default: 'audit.events' },
    id: { type: 'string', default: '' },
    type: { type: 'string', default: '' },
    reason: { type: 'string', default: '' },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);

const queue = Object.keys(consumerQueues).find(
  (name) => name === values.queue,
) as keyof typeof consumerQueues;
if (!queue) {
  say(`There is no queue ${values.queue}. There are: ${Object.keys(consumerQueues).join(', ')}`);
  process.exit(1);
}

const interrupted = new AbortController();
process.once('SIGINT', () => {
  interrupted.abort();
});
const matches = (letter: DeadLetter) =>
  letter.id.includes(values.id) && letter.type.includes(values.type) && letter.reason.includes(values.reason);

const { seen, replayed } = await replayDeadLetters({
  url: orExit(readReplayConfig).AMQP_URL,
  queue,
  dryRun: values['dry-run'],
  matches,
  onLetter: ({ id, type, reason }) => {
    say(`${id}  ${type}  ${reason}`);
  },
  signal: interrupted.signal,
});
const did = values['dry-run'] ? 'would be put back' : 'put back';
say(`${replayed} of ${seen} dead letters ${did} into ${queue}`);
process.exit(0);
