import { companySchema, dealPage, dealSchema, tokenSchema } from '@pipedesk/contracts';

const password = 'pipedesk-demo-1';
const emailOf = (who: string) => `${who}@demo.example`;

/** The sign-ins of the demo tenant; the admin is the one who signs it up. */
export const demoLogins = [
  { role: 'admin', name: 'Ada Admin', email: emailOf('admin'), password },
  { role: 'manager', name: 'Max Manager', email: emailOf('manager'), password },
  { role: 'sales', name: 'Sam Sales', email: emailOf('sales'), password },
  { role: 'viewer', name: 'Vera Viewer', email: emailOf('viewer'), password },
] as const;

const demoDeal = 'demo-1';

/**
 * Makes a demo tenant with one user per role and one deal that has a history, through the gateway like any client.
 * What is there already is kept, so it can run at every start.
 * @returns the id of the deal
 * @throws when the gateway refuses a request, with its answer
 */
export async function seedDemo(gatewayUrl: string): Promise<{ dealId: string; created: boolean }> {
  const call = createCaller(gatewayUrl);
  const [admin, ...others] = demoLogins;
  const login = await call.try('POST', '/auth/login', { email: admin.email, password });
  const created = login.status === 401;
  const session = created
    ? await call.expect('POST', '/auth/signup', tokenSchema, {
        tenantName: 'Demo Company',
        name: admin.name,
        email: admin.email,
        password,
      })
    : tokenSchema.parse(accepted(login, '/auth/login'));
  const asAdmin = createCaller(gatewayUrl, session.accessToken);
  // A seed that was interrupted is completed: each part asks whether it is there.
  for (const user of others) await createUser(asAdmin, user);
  return { dealId: await provideDeal(asAdmin), created };
}

async function createUser(call: Caller, user: (typeof demoLogins)[number]): Promise<void> {
  const answer = await call.try('POST', '/users', { ...user, teamId: null });
  if (answer.status !== 409) accepted(answer, '/users');
}

async function provideDeal(call: Caller): Promise<string> {
  const { items } = await call.expect('GET', `/deals?externalId=${demoDeal}`, dealPage);
  if (items[0]) return items[0].id;
  const company = await call.expect('POST', '/companies', companySchema, {
    name: 'Northwind Traders',
    industry: 'retail',
  });
  const deal = await call.expect('POST', '/deals', dealSchema, {
    name: 'Northwind: 40 seats',
    companyId: company.id,
    amount: { amount: 1_200_000, currency: 'USD' },
    externalId: demoDeal,
  });
  await call.expect('POST', `/deals/${deal.id}/stage`, dealSchema, { stage: 'proposal' });
  await call.expect('PATCH', `/deals/${deal.id}`, dealSchema, {
    amount: { amount: 1_350_000, currency: 'USD' },
  });
  const about = { entityType: 'deal', entityId: deal.id };
  accepted(await call.try('POST', '/notes', { ...about, text: 'They want the annual plan.' }), '/notes');
  accepted(await call.try('POST', '/calendar/events', meetingAbout(about)), '/calendar/events');
  return deal.id;
}

function meetingAbout(link: { entityType: string; entityId: string }) {
  const hour = 3_600_000;
  const startsAt = Math.ceil(Date.now() / hour) * hour + 24 * hour;
  return {
    title: 'Walk through the proposal',
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(startsAt + hour).toISOString(),
    links: [link],
  };
}

interface Answer {
  status: number;
  body: unknown;
}

interface Caller {
  /** Any answer, whatever its status. */
  try(method: string, path: string, body?: unknown): Promise<Answer>;
  /** A 2xx answer of the contract's shape. */
  expect<T>(method: string, path: string, schema: { parse(value: unknown): T }, body?: unknown): Promise<T>;
}

function createCaller(gatewayUrl: string, token?: string): Caller {
  const caller: Caller = {
    async try(method, path, body) {
      const response = await fetch(gatewayUrl + path, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(token ? { authorization: `Bearer ${token}` } : {}),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(15_000),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
    },
    expect: async (method, path, schema, body) =>
      schema.parse(accepted(await caller.try(method, path, body), path)),
  };
  return caller;
}

function accepted({ status, body }: Answer, path: string): unknown {
  if (status >= 200 && status < 300) return body;
  throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
}
