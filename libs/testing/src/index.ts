export { eventually } from './eventually.ts';
export { buildDeal } from './factories.ts';
export { addUser, type Person, signUp } from './people.ts';
export { given, startSystem, type System, type SystemOptions } from './system.ts';
