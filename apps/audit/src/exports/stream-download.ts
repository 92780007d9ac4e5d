import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Export, isReaderGone } from './export.service.ts';

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
  // One piece at a time: each is some hundred KB, and what waits in streams is memory.
  const source = Readable.from(chunks, { objectMode: true, highWaterMark: 1 });
  await pipeline(source, res).catch((error: unknown) => {
    if (!isReaderGone(error)) throw error;
  });
}
