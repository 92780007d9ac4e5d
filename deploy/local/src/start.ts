import type { GoogleEmulator } from '@pipedesk/google-emulator';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { startBackingServices } from './backing/backing-services.ts';
import type { BackingServices } from './backing/backing-services.ts';
import { instanceFolder, repositoryRoot } from './backing/cache.ts';
import { refuseTakenPorts } from './backing/ports.ts';
import { googleEnvironment, googlePort, startGoogle } from './google.ts';
import { watchInterrupts } from './interrupt.ts';
import { withElapsed } from './provision/progress.ts';
import { seedDemo } from './seed.ts';
import { follow, readableLine } from './services/log-lines.ts';
import { serviceNames, servicePorts } from './services/service-environment.ts';
import { startServices } from './services/start-services.ts';
import type { RunningServices } from './services/start-services.ts';
import { welcome } from './welcome.ts';

/** `npm start`: everything a developer needs, from the backing services to a seeded demo tenant, until Ctrl-C. */
const instance = instanceName(repositoryRoot);
const folder = instanceFolder(instance);
const interrupted = watchInterrupts();
const say = withElapsed((line) => console.log(line));
const running: { services?: RunningServices; backing?: BackingServices; google?: GoogleEmulator } = {};

interrupted.addEventListener('abort', () => console.log('\nStopping (Ctrl-C again ends at once) ...'));
let exitCode = 0;
try {
  await startEverything();
  await untilInterrupted();
} catch (error) {
  if (!interrupted.aborted) {
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    exitCode = 1;
  }
}
await stopEverything();
process.exit(exitCode);

async function startEverything(): Promise<void> {
  running.backing = await startBackingServices({ instance, ports: 'fixed', supervise: true, progress: say });
  if (interrupted.aborted) return;
  await refuseTakenPorts({ ...servicePorts, google: googlePort });
  forgetOldLogs();
  running.google = await startGoogle();
  running.services = await startServices({
    backing: running.backing,
    ports: 'fixed',
    folder,
    supervise: true,
    env: { auth: googleEnvironment(running.google.url) },
    progress: say,
    signal: interrupted,
  });
  if (interrupted.aborted) return;
  for (const name of serviceNames) followWarnings(name, running.services.logFile(name));
  const { dealId, created } = await seedDemo(running.services.urls['api-gateway']);
  say(created ? 'The demo tenant was created' : 'The demo tenant is there already');
  console.log(
    welcome({
      services: running.services,
      backing: running.backing,
      google: running.google.url,
      folder,
      dealId,
    }),
  );
}

/** Two clones never share data: an instance is named by the path of its checkout. */
function instanceName(path: string): string {
  const name = basename(path)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
  return `${name || 'pipedesk'}-${createHash('sha256').update(path).digest('hex').slice(0, 8)}`;
}

/** The services' logs tell of one run. Those of the database and the broker, already being written, are kept. */
function forgetOldLogs(): void {
  for (const name of serviceNames) rmSync(`${folder}/log/${name}.log`, { force: true });
}

/** While stopping, services rightly complain of each other's absence; that stays in their logs. */
function followWarnings(name: string, file: string): void {
  const stop = follow(file, (line) => {
    const text = interrupted.aborted ? undefined : readableLine(name, line);
    if (text) console.log(text);
  });
  interrupted.addEventListener('abort', stop);
}

function untilInterrupted(): Promise<void> {
  if (interrupted.aborted) return Promise.resolve();
  // Nothing else may be left that keeps the program alive, so a timer does.
  const alive = setInterval(() => undefined, 60_000);
  return new Promise((resolve) => {
    interrupted.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    });
  });
}

async function stopEverything(): Promise<void> {
  await running.services?.stop();
  await running.google?.close();
  await running.backing?.stop();
  if (running.backing) console.log('Everything is stopped. The data is kept for the next start.');
}
