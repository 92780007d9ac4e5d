import { serviceNames } from '../services/service-environment.ts';
import type { ServiceName } from '../services/service-environment.ts';

/** Resident memory of each service in MB, as its own metrics tell; undefined where they cannot be read. */
export async function residentMemory(
  urls: Record<ServiceName, string>,
): Promise<[ServiceName, number | undefined][]> {
  return Promise.all(
    serviceNames.map(
      async (name) => [name, await residentOf(urls[name])] as [ServiceName, number | undefined],
    ),
  );
}

async function residentOf(url: string): Promise<number | undefined> {
  try {
    const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(3_000) })).text();
    const bytes = /^process_resident_memory_bytes\{[^}]*\} (\S+)$/m.exec(text)?.[1];
    return bytes === undefined ? undefined : Number(bytes) / 1024 / 1024;
  } catch {
    return undefined;
  }
}
