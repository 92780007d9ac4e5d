export { eventually } from './eventually.ts';
export { buildDeal } from './factories.ts';
export { addUser, type Person, signUp } from './people.ts';
export { given, startSystem, type System, type SystemOptions } from './system.ts';
export { buildEvent, type EventDraft } from './change-events.ts';
export { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
export { type DeadLetter, openTestBus, type TestBus } from './test-bus.ts';
export { type Claims, createTokenIssuer } from './tokens.ts';
