import {
  type EntityType,
  type Grant,
  hiddenFrom,
  masks,
  type Owned,
  type Permission,
  type PermissionsAnswer,
  ruleOn,
  rules,
  type Subject,
  widestRule,
} from '@pipedesk/contracts';
import { refusal, rulesVersion } from '@pipedesk/service-kit';

type Explanation = Pick<
  PermissionsAnswer,
  'permissions' | 'withheld' | 'masks' | 'rulesVersion' | 'grantsVersion'
>;

const allPermissions = Object.keys(rules) as Permission[];
const maskedTypes = Object.keys(masks) as EntityType[];

/** The rules in force for somebody; the same functions say it that decide. @param grants of the tenant, to name givers */
export function explain(subject: Subject, grants: Grant[]): Explanation {
  const owner = { ...subject };
  delete owner.permissions;
  return {
    rulesVersion,
    ...(subject.grantsVersion !== undefined && { grantsVersion: subject.grantsVersion }),
    permissions: allPermissions.flatMap((permission) => explainOne(subject, permission, grants)),
    withheld: allPermissions.filter(
      (permission) => widestRule(owner, permission) && !widestRule(subject, permission),
    ),
    masks: maskedTypes.flatMap((entityType) => {
      const hidden = hiddenFrom(subject.role, entityType);
      return hidden ? [{ entityType, fields: Object.keys(hidden) }] : [];
    }),
  };
}

function explainOne(subject: Subject, permission: Permission, grants: Grant[]) {
  const rule = widestRule(subject, permission);
  if (!rule) return [];
  const { scope, source, name, grantId } = rule;
  const grant = grants.find(({ id }) => id === grantId);
  return [{ permission, scope, source, rule: name, ...(grant && { grant }) }];
}

/** What would be answered about a record with this owner and team, and why. */
export function explainDecision(
  subject: Subject,
  permission: Permission,
  record: Owned,
): NonNullable<PermissionsAnswer['decision']> {
  const rule = ruleOn(subject, permission, record);
  if (rule) return { permission, isAllowed: true, rule: rule.name, detail: `${rule.name} allows it.` };
  const { message, options } = refusal(subject, permission);
  return { permission, isAllowed: false, rule: String(options.extra?.rule), detail: message };
}
