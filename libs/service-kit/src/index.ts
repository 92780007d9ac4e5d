export { createAuthenticator, callerOf, tryCallerOf } from './auth/authenticate.ts';
export { authorityOf, rulesVersion, systemAuthority } from './auth/authority.ts';
export { authorize, permittedFilter } from './auth/authorize.ts';
export { bearerToken } from './auth/bearer.ts';
export { createKeySecret, type KeySecret } from './auth/key-secret.ts';
export { type KeySource, remoteKeys } from './auth/key-source.ts';
export { remoteRevocations } from './auth/revocation-source.ts';
export { revokingEvents, sessionEnded, startOf } from './auth/revocation-list.ts';
export {
  type AccessCheck,
  createRevocations,
  type Revocations,
  type RevocationSource,
} from './auth/revocations.ts';
export { entitle, type TenantRights } from './auth/entitlements.ts';
export { rightsEvents } from './auth/rights-list.ts';
export { outOfReach, refusal, refusalOf, refusedByRule } from './auth/refusal.ts';
export { createServiceAuthenticator, createServiceTokens } from './auth/service-token.ts';
export { createPostToAuth, type PostToAuth } from './auth/call-auth.ts';
export { type OwnersOf, withholdUnreadable } from './auth/withhold-changes.ts';
export * from './config.ts';
export { type CursorBinding, decodeCursor, encodeCursor, pageFrom, timelineBinding } from './http/cursor.ts';
export { isPublicAddress } from './http/addresses.ts';
export { createOutbound, type Outbound, type OutboundAnswer, OutboundRefused } from './http/outbound.ts';
export { networkOf } from './http/network.ts';
export { type OpenApiDocument, openApiOf } from './http/openapi.ts';
export * from './http/problem.ts';
export type { ErrorMapper } from './http/problem-handler.ts';
export { originOf } from './http/request-origin.ts';
export {
  audited,
  type AuditDeclaration,
  notAudited,
  publicRoute,
  type Route,
  route,
  type RouteInput,
  serviceRoute,
} from './http/route.ts';
export { setSecurityHeaders } from './http/security-headers.ts';
export { recordsReadHeader, type TellRecords } from './http/records-read.ts';
export { createServiceApp, type ServiceAppOptions } from './http/service-app.ts';
export { createServiceClient, type OnBehalfOf, onBehalfOf } from './http/service-client.ts';
export { type HttpServer, listen, type ListenOptions } from './http/server.ts';
export {
  type LegacyClient,
  type LegacyConfig,
  hasLegacyEnd,
  legacyEnv,
  noLegacyEnd,
} from './legacy/legacy-config.ts';
export * from './legacy/legacy-policy.ts';
export * from './logger.ts';
export * from './ops/breaker.ts';
export { failpoint } from './ops/failpoints.ts';
export type { HealthCheck } from './ops/health.ts';
export * from './ops/lifecycle.ts';
export { createReporter } from './ops/reporter.ts';
export { createMetrics, type Registry } from './ops/metrics.ts';
export {
  createRefusalLog,
  type RefusalLog,
  type RefusedRequest,
  refusedRequest,
  type SendRefusals,
} from './refusals/refusal-log.ts';
export { remoteRefusals } from './refusals/remote-refusals.ts';
export * from './request-context.ts';
