import { type DestinationStream, pino } from 'pino';

/** An error is written before anything else happens; pino's numbers of levels. */
const urgent = 50;
/** Bytes that do not wait for the end of the turn; the most that pino's output takes in one piece. */
const batch = 16 * 1024 - 1;

/**
 * Stdout for log lines: those of one turn of the event loop go out in one write at its end, errors at once. A write a
 * line costs a busy service more than making the line. Only a process that is killed loses lines, those of its last turn.
 */
export function createLogOutput(): DestinationStream {
  const out = pino.destination({ sync: true, minLength: batch });
  let isDue = false;
  const flush = () => {
    isDue = false;
    out.flushSync();
  };
  process.once('exit', flush);
  const stream = {
    // Pino tells the level of a line to those who have this member.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      out.write(line);
      if (stream.lastLevel >= urgent) flush();
      else if (!isDue) {
        isDue = true;
        setImmediate(flush);
      }
    },
  };
  return stream;
}
