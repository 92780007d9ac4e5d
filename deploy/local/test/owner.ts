import { startBackingServices } from '../src/index.ts';

/** Owns an instance until it is killed: prints the database's address, then waits. */
const [instance = ''] = process.argv.slice(2);
const backing = await startBackingServices({ instance, ports: 'free', only: ['mongo'], dedicated: true });
console.log(backing.mongodbUri);
setInterval(() => undefined, 60_000);
