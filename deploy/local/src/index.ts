export { startBackingServices, startBroker } from './backing/backing-services.ts';
export type { BackingOptions, BackingServices, DedicatedBroker } from './backing/backing-services.ts';
export type { BrokerControl, DatabaseControl } from './backing/controls.ts';
export { amqpUrlOf, createVhost, deleteVhost, importDefinitions } from './backing/definitions.ts';
export { findFreePorts } from './backing/ports.ts';
export type { Need } from './backing/part.ts';
