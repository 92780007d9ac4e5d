import type { Response } from 'express';
import { type Export, isReaderGone, readerGone } from './export.service.ts';

/** Sends an export as a file. A reader who leaves ends it, which is no failure. */
export async function streamDownload(
  res: Response,
  filename: string,
  { contentType, chunks }: Export,
): Promise<void> {
  res.set({
    'Content-Type': contentType,
    'Content-Disposition': `attachment; filename="${filename}"`,
    'Cache-Control': 'no-store',
  });
  try {
    for await (const chunk of chunks) await send(res, chunk);
    res.end();
  } catch (error) {
    if (!isReaderGone(error)) throw error;
  }
}

/**
 * Resolves when the system has taken the chunk, so that its memory may be used again: a reader who is slow makes the writer wait,
 * and no more than one chunk does.
 * @throws the error of `readerGone` when nobody takes it any more
 */
function send(res: Response, chunk: Buffer | string): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(readerGone());
    if (res.destroyed) return leave();
    res.once('close', leave);
    res.write(chunk, (error) => {
      res.off('close', leave);
      if (error) leave();
      else resolve();
    });
  });
}
