import { ProblemError } from '@pipedesk/service-kit';
import { createHash } from 'node:crypto';
import { pipeline, type Readable, Transform } from 'node:stream';

/** Largest file, bytes; about half a million rows. */
const largestFile = 50 * 1024 * 1024;

/** An upload on its way: bounded in size, its hash known at the end. */
export function measureUpload(source: Readable): { stream: Readable; sha256: () => string } {
  const hash = createHash('sha256');
  let size = 0;
  const measure = new Transform({
    transform(part: Buffer, _encoding, done) {
      size += part.length;
      if (size > largestFile) {
        done(new ProblemError(413, 'body_too_large', { detail: 'A file may have at most 50 MB. Split it.' }));
        return;
      }
      hash.update(part);
      done(null, part);
    },
  });
  // A failure of either side surfaces to whoever reads the stream.
  pipeline(source, measure, () => undefined);
  return { stream: measure, sha256: () => hash.digest('hex') };
}
