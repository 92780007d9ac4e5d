import { writeFileSync } from 'node:fs';
import { renderConfiguration } from './configuration.ts';
import { pathOf } from './repository.ts';

writeFileSync(pathOf('docs/configuration.md'), await renderConfiguration());
