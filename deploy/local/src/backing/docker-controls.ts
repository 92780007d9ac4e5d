import type { DockerStack } from '../provision/docker.ts';
import type { BrokerControl, DatabaseControl } from './controls.ts';

const noPid = (): never => {
  throw new Error('Under Docker the servers have no process ids on this side.');
};

/** The broker's container, controlled through Docker. */
export function controlBrokerContainer({ compose, up }: DockerStack): BrokerControl {
  return {
    pid: noPid,
    kill: async () => void (await compose('kill', '-s', 'KILL', 'rabbitmq')),
    stop: async () => void (await compose('stop', 'rabbitmq')),
    start: async () => void (await up(['rabbitmq'])),
    freeze: async () => void (await compose('pause', 'rabbitmq')),
    thaw: async () => void (await compose('unpause', 'rabbitmq')),
    rabbitmqctl: (...args) => compose('exec', '-T', 'rabbitmq', 'rabbitmqctl', ...args),
  };
}

/** MongoDB's container: server and gateway are one. */
export function controlDatabaseContainer({ compose, up }: DockerStack): DatabaseControl {
  const kill = async () => void (await compose('kill', '-s', 'KILL', 'mongo'));
  const start = async () => void (await up(['mongo']));
  return {
    pids: noPid,
    killServer: kill,
    startServer: start,
    killGateway: kill,
    startGateway: start,
    freeze: async () => void (await compose('pause', 'mongo')),
    thaw: async () => void (await compose('unpause', 'mongo')),
  };
}
