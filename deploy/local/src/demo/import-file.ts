import { type Import, importSchema, type RowReport, rowReportPage } from '@pipedesk/contracts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../api-client.ts';

export interface Imported {
  result: Import;
  seconds: number;
  reports: RowReport[];
}

/** Imports one CSV and waits for its end. @param onProgress called about four times a second */
export async function importFile(
  api: ApiClient,
  type: 'companies' | 'deals',
  csv: string,
  onProgress: (state: Import) => void,
): Promise<Imported> {
  const began = performance.now();
  const started = await api.expect('POST', `/imports?type=${type}`, importSchema, {
    text: csv,
    headers: { 'content-type': 'text/csv' },
  });
  let result = started;
  while (result.status === 'running') {
    await sleep(250);
    result = await api.expect('GET', `/imports/${started.id}`, importSchema);
    onProgress(result);
  }
  const seconds = (performance.now() - began) / 1000;
  return { result, seconds, reports: await allReports(api, started.id) };
}

async function allReports(api: ApiClient, id: string): Promise<RowReport[]> {
  const reports: RowReport[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page = await api.expect('GET', `/imports/${id}/reports?limit=100${query}`, rowReportPage);
    reports.push(...page.items);
    cursor = page.nextCursor;
  }
  return reports;
}
