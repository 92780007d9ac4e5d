import { badRequest, ProblemError } from '@pipedesk/service-kit';
import { createHash } from 'node:crypto';
import { finished, type Readable, Transform } from 'node:stream';

/** Largest file, bytes; about half a million rows. */
const largestFile = 50 * 1024 * 1024;

/** An upload on its way: bounded in size, its hash known at the end. */
export interface Upload {
  stream: Transform;
  sha256(): string;
}

/**
 * Measures a request's body. When its reader gives up, or the file is too large, the rest of the body is read and thrown
 * away: a request that is destroyed instead (`pipeline` does that) takes the connection with it, and with that the answer.
 */
export function measureUpload(source: Readable): Upload {
  const hash = createHash('sha256');
  let size = 0;
  const stream = new Transform({
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
  source.pipe(stream);
  finished(source, { writable: false }, (error) => {
    if (error)
      stream.destroy(
        badRequest('request_aborted', { detail: 'The body ended before its announced length.' }),
      );
  });
  stream.once('close', () => {
    source.unpipe(stream);
    source.resume();
  });
  // Failures surface to whoever reads the stream, if anybody still does.
  stream.on('error', () => undefined);
  return { stream, sha256: () => hash.digest('hex') };
}
