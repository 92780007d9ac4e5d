import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { MachineFacts } from './resolve.ts';

/** Asks this machine. */
export function createMachineFacts(): MachineFacts {
  let docker: Promise<boolean> | undefined;
  return {
    dockerAnswers: () => (docker ??= succeeds('docker', ['info', '--format', '{{.ServerVersion}}'])),
    obstacleToDebianRoot,
  };
}

function succeeds(command: string, args: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    // Old command lines answer 0 with an error inside when no engine runs, so the version must be there too.
    execFile(command, args, { timeout: 10_000 }, (error, output) =>
      resolve(!error && /^\d+\./.test(output.trim())),
    );
  });
}

function obstacleToDebianRoot(): string | undefined {
  if (process.platform !== 'linux') return `this is ${process.platform}`;
  if (!isDebianLike(readOsRelease())) return 'this Linux is neither Debian nor Ubuntu';
  if (process.getuid?.() !== 0) return 'you are not root';
  if (!mayMount()) return 'this container may not mount (it lacks CAP_SYS_ADMIN)';
  return undefined;
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}

/** Reads os-release's `ID` and `ID_LIKE`: Debian, Ubuntu and what derives from them. */
export function isDebianLike(osRelease: string): boolean {
  const values = [...osRelease.matchAll(/^(?:ID|ID_LIKE)=["']?([^"'\n]*)/gm)].flatMap((match) =>
    match[1]?.split(' '),
  );
  return values.includes('debian') || values.includes('ubuntu');
}

function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', '--propagation', 'private', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
