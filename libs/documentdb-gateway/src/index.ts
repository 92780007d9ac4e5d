export { startGateway, type Gateway, type GatewayOptions } from './gateway.ts';
export { prepareEngine } from './postgres/engine.ts';
export type { PostgresAddress } from './postgres/pool.ts';
