import type { Report } from '../provision/progress.ts';
import type { BrokerControl, DatabaseControl } from './controls.ts';
import type { BackingPorts } from './ports.ts';

export type Need = 'mongo' | 'amqp';

/** What one origin contributes; the parts of several are put together. */
export interface BackingPart {
  mongodbUri?: string;
  amqpUrl?: string;
  amqpManagementUrl?: string | undefined;
  postgres?: { host: string; port: number };
  database?: DatabaseControl;
  broker?: BrokerControl;
  logFolder?: string;
  stop(): Promise<void>;
}

export interface PartOptions {
  instance: string;
  folder: string;
  needs: Need[];
  ports: BackingPorts;
  freePorts: boolean;
  ephemeral: boolean;
  report: Report;
  supervise: boolean;
}

/** Puts the parts of several origins together; `stop` stops them all. */
export function mergeParts(parts: BackingPart[]): BackingPart {
  return Object.assign({} as BackingPart, ...parts, {
    stop: async () => void (await Promise.all(parts.map((part) => part.stop()))),
  }) as BackingPart;
}
