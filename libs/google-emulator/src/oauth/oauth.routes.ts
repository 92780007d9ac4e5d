import express, { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { GoogleAccount, GoogleClient } from '../google-account.ts';
import { fitsChallenge, type Grant, type Grants } from './grants.ts';
import type { IdTokens } from './id-tokens.ts';

interface OAuthDeps {
  accounts: GoogleAccount[];
  clients: GoogleClient[];
  idTokens: IdTokens;
  grants: Grants;
}

const authorizationQuery = z.object({
  client_id: z.string(),
  redirect_uri: z.string(),
  response_type: z.literal('code'),
  scope: z.string().min(1),
  state: z.string().optional(),
  nonce: z.string().optional(),
  code_challenge: z.string().optional(),
  code_challenge_method: z.literal('S256').optional(),
  access_type: z.enum(['online', 'offline']).default('online'),
  /** Who is signed in at Google; without it the page asks. */
  login_hint: z.string().optional(),
});
type AuthorizationQuery = z.output<typeof authorizationQuery>;

const tokenForm = z.object({
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  grant_type: z.string(),
  code: z.string().optional(),
  redirect_uri: z.string().optional(),
  code_verifier: z.string().optional(),
  refresh_token: z.string().optional(),
});
type TokenForm = z.output<typeof tokenForm>;

const accessLifetime = 3_599;

export function oauthRoutes(deps: OAuthDeps): Router {
  const router = Router();
  const form = express.urlencoded({ extended: false });
  router.get('/o/oauth2/v2/auth', (req, res) => {
    authorize(deps, req, res);
  });
  router.post('/token', form, async (req, res) => {
    await exchange(deps, req, res);
  });
  router.post('/revoke', form, (req, res) => {
    revoke(deps, req, res);
  });
  router.get('/oauth2/v3/certs', (_req, res) => {
    res.json({ keys: deps.idTokens.keys() });
  });
  router.get('/v1/userinfo', (req, res) => {
    tellAbout(deps, req, res);
  });
  return router;
}

/** Google's page: whoever opens it chooses an account and is sent back with a code. */
function authorize({ accounts, clients, grants }: OAuthDeps, req: Request, res: Response): void {
  const query = authorizationQuery.safeParse(req.query).data;
  const client = clients.find(({ id }) => id === query?.client_id);
  // Nobody is sent to an address the client has not registered.
  if (!query || !client?.redirectUris.includes(query.redirect_uri)) {
    res.status(400).type('text/plain').send('Error 400: redirect_uri_mismatch or invalid_request');
    return;
  }
  const account = accounts.find(({ email }) => email === query.login_hint);
  if (!account) {
    res.type('html').send(accountPage(accounts, req.originalUrl));
    return;
  }
  const code = grants.issueCode(grantOf(query, account));
  const target = new URL(query.redirect_uri);
  target.searchParams.set('code', code);
  target.searchParams.set('scope', query.scope);
  if (query.state !== undefined) target.searchParams.set('state', query.state);
  res.redirect(target.href);
}

function grantOf(query: AuthorizationQuery, account: GoogleAccount): Grant {
  return {
    account,
    clientId: query.client_id,
    redirectUri: query.redirect_uri,
    scope: query.scope,
    nonce: query.nonce,
    challenge: query.code_challenge,
    isOffline: query.access_type === 'offline',
  };
}

function accountPage(accounts: GoogleAccount[], url: string): string {
  const links = accounts.map(({ email, name }) => {
    const target = `${url}&login_hint=${encodeURIComponent(email)}`;
    return `<li><a href="${escape(target)}">${escape(name)} (${escape(email)})</a></li>`;
  });
  return `<!doctype html><title>Choose an account</title><h1>Choose an account (emulated)</h1><ul>${links.join('')}</ul>`;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

async function exchange(deps: OAuthDeps, req: Request, res: Response): Promise<void> {
  const body = tokenForm.safeParse(req.body).data;
  const client = body && clientOf(deps.clients, req, body);
  if (!client) return refuse(res, 401, 'invalid_client', 'The OAuth client was not found.');
  if (body.grant_type === 'authorization_code') return exchangeCode(deps, client, body, res);
  if (body.grant_type === 'refresh_token') return refresh(deps, client, body, res);
  refuse(res, 400, 'unsupported_grant_type', `Invalid grant_type: ${body.grant_type}`);
}

async function exchangeCode(
  { grants, idTokens }: OAuthDeps,
  client: GoogleClient,
  body: TokenForm,
  res: Response,
): Promise<void> {
  const grant = grants.takeCode(body.code ?? '');
  if (!grant || grant.clientId !== client.id || !fitsChallenge(grant, body.code_verifier))
    return refuse(res, 400, 'invalid_grant', 'Bad Request');
  if (grant.redirectUri !== body.redirect_uri)
    return refuse(res, 400, 'redirect_uri_mismatch', 'Bad Request');
  const { access, refresh: refreshToken } = grants.issueTokens(grant);
  const { account, scope, nonce } = grant;
  const claims = { aud: client.id, azp: client.id, ...claimsOf(account), ...(nonce && { nonce }) };
  const isOpenId = scope.split(' ').includes('openid');
  res.json({
    access_token: access,
    expires_in: accessLifetime,
    scope,
    token_type: 'Bearer',
    ...(refreshToken && { refresh_token: refreshToken }),
    ...(isOpenId && { id_token: await idTokens.sign(claims) }),
  });
}

function refresh({ grants }: OAuthDeps, client: GoogleClient, body: TokenForm, res: Response): void {
  const grant = grants.findByRefresh(body.refresh_token ?? '');
  if (grant?.clientId !== client.id)
    return refuse(res, 400, 'invalid_grant', 'Token has been expired or revoked.');
  const { access } = grants.issueTokens({ ...grant, isOffline: false });
  const { scope } = grant;
  res.json({ access_token: access, expires_in: accessLifetime, scope, token_type: 'Bearer' });
}

function revoke({ grants }: OAuthDeps, req: Request, res: Response): void {
  const token = z.object({ token: z.string() }).safeParse({ ...req.query, ...req.body }).data?.token ?? '';
  if (grants.revoke(token)) res.json({});
  else refuse(res, 400, 'invalid_token', 'Token expired or revoked');
}

function tellAbout({ grants }: OAuthDeps, req: Request, res: Response): void {
  const grant = grants.findByAccess(req.get('authorization')?.replace(/^Bearer /, '') ?? '');
  if (grant) res.json(claimsOf(grant.account));
  else refuse(res, 401, 'invalid_request', 'Invalid Credentials');
}

function claimsOf({ sub, email, emailVerified, name }: GoogleAccount) {
  return { sub, email, email_verified: emailVerified, name };
}

/** By HTTP Basic or in the form, as Google takes both. */
function clientOf(clients: GoogleClient[], req: Request, body: TokenForm): GoogleClient | undefined {
  const basic = /^Basic (.+)$/.exec(req.get('authorization') ?? '')?.[1];
  const [id, secret] = basic
    ? Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent)
    : [body.client_id, body.client_secret];
  return clients.find((client) => client.id === id && client.secret === secret);
}

function refuse(res: Response, status: number, error: string, description: string): void {
  res.status(status).json({ error, error_description: description });
}
