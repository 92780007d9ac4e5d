/** Where a backing service comes from. */
export type Origin = 'environment' | 'docker' | 'debian-root';

/** What is known of this machine; each is asked only when the answer matters. */
export interface MachineFacts {
  /** A Docker engine answers; its command line alone is not enough. */
  dockerAnswers(): Promise<boolean>;
  /** Why a private Debian root cannot be used here, or undefined when it can. */
  obstacleToDebianRoot(): string | undefined;
}

/**
 * Decides where one backing service comes from: a URL in the environment, else Docker, else a private Debian root.
 * @param variable the environment variable that may hold the URL, for the error message
 * @throws an error that says what to install or set when none applies
 */
export async function resolveOrigin(
  variable: string,
  given: string | undefined,
  facts: MachineFacts,
): Promise<Origin> {
  if (given) return 'environment';
  if (await facts.dockerAnswers()) return 'docker';
  const obstacle = facts.obstacleToDebianRoot();
  if (obstacle === undefined) return 'debian-root';
  throw new Error(
    [
      `PipeDesk needs MongoDB and RabbitMQ, and found no way to get them (${variable} is not set). Do one of these:`,
      `  - set MONGODB_URI (MongoDB 8, replica set) and AMQP_URL (RabbitMQ 4) to running servers;`,
      `  - start a Docker engine (with "docker compose"): none answers \`docker info\` now;`,
      `  - run on Debian or Ubuntu as root, where both are installed into a private folder: ${obstacle}.`,
    ].join('\n'),
  );
}
