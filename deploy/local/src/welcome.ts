import type { BackingServices } from './backing/backing-services.ts';
import { demoLogins } from './seed.ts';
import type { RunningServices } from './services/start-services.ts';

export interface Welcome {
  services: Pick<RunningServices, 'urls'>;
  backing: Pick<BackingServices, 'origin' | 'mongodbUri' | 'amqpUrl' | 'amqpManagementUrl'>;
  /** Of the emulator in Google's place. */
  google: string;
  folder: string;
  dealId: string;
}

/** What `npm start` ends with: where things are, who can sign in, and three lines to paste. */
export function welcome({ services, backing, google, folder, dealId }: Welcome): string {
  const gateway = services.urls['api-gateway'];
  const [admin] = demoLogins;
  const credentials = JSON.stringify({ email: admin.email, password: admin.password });
  return `
PipeDesk runs. Ctrl-C stops it.

  API            ${gateway}
  API docs       ${gateway}/docs
  services       ${Object.entries(services.urls)
    .filter(([name]) => name !== 'api-gateway')
    .map(([name, url]) => `${name} ${url}`)
    .join('\n                 ')}
  MongoDB        ${backing.mongodbUri}  (${backing.origin.mongo})
  RabbitMQ       ${backing.amqpUrl}  (${backing.origin.amqp})
  RabbitMQ UI    ${backing.amqpManagementUrl ?? '-'}
  Google         ${google}  (emulated; sign-in: ${gateway}/auth/google)
  logs           ${folder}/log/

  Demo sign-ins (password ${admin.password})
${demoLogins.map(({ role, email }) => `    ${role.padEnd(8)} ${email}`).join('\n')}

  Try it:
TOKEN=$(curl -s ${gateway}/auth/login -H 'content-type: application/json' -d '${credentials}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')
curl -s -H "authorization: Bearer $TOKEN" '${gateway}/deals?limit=3'
curl -s -H "authorization: Bearer $TOKEN" '${gateway}/timeline/deal/${dealId}?limit=10'
`;
}
