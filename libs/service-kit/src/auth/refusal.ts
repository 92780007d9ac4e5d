import {
  type Permission,
  problemSchema,
  rolesWith,
  scopeFor,
  type Subject,
  widestRule,
} from '@pipedesk/contracts';
import { forbidden, notFound, type ProblemError } from '../http/problem.ts';
import { versionsFor } from './authority.ts';

/** 403 of a permission: which rule refused, of which version, and what it would take. */
export function refusal(subject: Subject, permission: Permission): ProblemError {
  return forbidden('permission_denied', {
    detail: `${reasonFor(subject, permission)} ${needFor(permission)}`,
    extra: refusedBy(subject, permission),
  });
}

/**
 * 404 for a record outside the caller's reach, and for one that is not there: the two must not differ in a single
 * member, or the difference would tell.
 */
export function outOfReach(subject: Subject, permission: Permission, entity: string): ProblemError {
  return notFound(`${entity}_not_found`, {
    detail: `There is no ${entity.replace('_', ' ')} with this id within your reach.`,
    extra: refusedBy(subject, permission),
  });
}

interface RefusingRule {
  permission: Permission;
  /** Of no row of the table, such as `roles/up_to_own`. */
  rule: string;
  detail: string;
}

/** 403 of a rule beside the table, such as that nobody gives a role above their own. */
export function refusedByRule(
  subject: Subject,
  code: string,
  { permission, rule, detail, ...more }: RefusingRule & Record<string, unknown>,
): ProblemError {
  return forbidden(code, { detail, extra: { permission, rule, ...versionsFor(subject), ...more } });
}

/** The 403 that another service gave, passed on with the rule it names. @param body a problem document */
export function refusalOf(body: string): ProblemError {
  const problem = problemSchema.safeParse(parseJson(body)).data;
  if (!problem) return forbidden('permission_denied');
  const { permission, rule, rulesVersion, grantsVersion, code, detail } = problem;
  const versions = { rulesVersion, ...(grantsVersion === undefined ? {} : { grantsVersion }) };
  return forbidden(code, { detail, extra: { permission, rule, ...versions } });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refusedBy(subject: Subject, permission: Permission) {
  return { permission, rule: refusingRule(subject, permission), ...versionsFor(subject) };
}

/** The rule that did not reach far enough, or the place where there is none. */
function refusingRule(subject: Subject, permission: Permission): string {
  if (isWithheld(subject, permission)) return `api_key/${permission}`;
  return widestRule(subject, permission)?.name ?? `${permission}/none`;
}

function reasonFor(subject: Subject, permission: Permission): string {
  if (isWithheld(subject, permission)) return `This API key does not have the permission ${permission}.`;
  switch (scopeFor(subject, permission)) {
    case undefined:
      return `The role ${subject.role} does not have the permission ${permission}.`;
    case 'own':
      return `You have ${permission} on your own records only, and this is not one.`;
    default:
      return `You have ${permission} on records of your teams and your own only, and this is none.`;
  }
}

/** Says only what the table says, nothing about the record. */
function needFor(permission: Permission): string {
  return `By role it is for ${rolesWith(permission).join(', ')}; an admin may grant what can be granted.`;
}

function isWithheld({ permissions }: Subject, permission: Permission): boolean {
  return permissions !== undefined && !permissions.includes(permission);
}
