import { type Authority, masks, type Rule, rules, type Subject } from '@pipedesk/contracts';
import { hash } from 'node:crypto';

type Table = Readonly<Record<string, object>>;

/** Another one after any change of any table. Derived, so that nobody can forget to raise it. */
export function versionOf(...tables: Table[]): string {
  return hash('sha256', JSON.stringify(tables.map(linesOf))).slice(0, 12);
}

/** Of the rule table and the masks. */
export const rulesVersion = versionOf(rules, masks);

/** `deals:edit.manager="team"`, sorted: the order in the source says nothing. */
function linesOf(table: Table): string[] {
  const lines = Object.entries(table).flatMap(([name, row]) =>
    Object.entries(row).map(([role, cell]) => `${name}.${role}=${JSON.stringify(cell)}`),
  );
  return lines.sort();
}

/** Which rules were in force: of the table, and of the subject's tenant. */
export function versionsFor({ grantsVersion }: Pick<Subject, 'grantsVersion'>) {
  return { rulesVersion, ...(grantsVersion === undefined ? {} : { grantsVersion }) };
}

/** What is kept of a rule with the change it allowed. */
export function authorityOf(subject: Subject, { source, name: rule, permission, scope }: Rule): Authority {
  return { source, rule, permission, scope, ...versionsFor(subject) };
}

/** Where no permission was asked: a service's own doing, or a proof of another kind, such as a password at login. */
export function systemAuthority(name: string): Authority {
  return { source: 'system', rule: `system/${name}`, permission: null, scope: null, rulesVersion };
}
