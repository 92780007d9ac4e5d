import type { SchemaType } from 'mongoose';
import type { AuditedModel, StoredDocument } from './audited-model.ts';

/**
 * Casts and checks values with the mongoose schema; with `paths`, only those.
 * @throws mongoose ValidationError, or StrictModeError for a field the schema does not know
 */
export async function castValues(
  model: AuditedModel,
  values: Record<string, unknown>,
  paths?: string[],
): Promise<StoredDocument> {
  const document = new model(values);
  await document.validate(paths);
  return document.toObject<StoredDocument>({ flattenMaps: true });
}

/**
 * The same for some fields of a record that is there already. Making a document of mongoose took a third of what a change adds to
 * the driver's own work, and most fields do not need one: their type alone does the same. Whatever else a field is or asks
 * for, and whatever is refused, goes the long way, which also says precisely what is wrong.
 * @throws as `castValues`
 */
export async function castFields(
  model: AuditedModel,
  values: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const alone = castAlone(model, values);
  if (alone) return alone;
  const fields = Object.keys(values);
  const document = await castValues(model, values, fields);
  return Object.fromEntries(fields.map((field) => [field, document[field] ?? null]));
}

/** Undefined when a field needs a document, or a value is not valid. */
function castAlone(
  { schema }: AuditedModel,
  values: Record<string, unknown>,
): Record<string, unknown> | undefined {
  const cast: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(values)) {
    const type = Object.hasOwn(schema.paths, field) && schema.paths[field];
    if (!type || !isPlain(type)) return undefined;
    try {
      cast[field] = value === null ? null : withoutUndefined(type.cast<unknown>(value));
      if (!isValid(type, cast[field])) return undefined;
    } catch {
      return undefined;
    }
  }
  return cast;
}

/** Types whose values have no parts with defaults or checks of their own. */
const plainTypes = new Set(['String', 'Number', 'Boolean', 'Date', 'Mixed']);
/** What a type carries out by itself, and at once; a setter, for one, is not among it. */
const plainOptions = new Set(['type', 'required', 'default', 'min', 'max']);

function isPlain({ instance, options }: SchemaType): boolean {
  return plainTypes.has(instance) && Object.keys(options).every((option) => plainOptions.has(option));
}

function isValid({ validators }: SchemaType, value: unknown): boolean {
  return validators.every(({ validator }) => Boolean(validator?.(value)));
}

/** A copy to store: the driver would make null of undefined. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (!isPlainObject(value)) return value;
  const members = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(members.map(([name, inner]) => [name, withoutUndefined(inner)]));
}

/** Of no class that stores in a way of its own, as dates do. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
