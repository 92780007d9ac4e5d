import { Binary, Decimal128, Double, Long, ObjectId, serialize } from 'bson';
import fc from 'fast-check';

/** In place of the last letter of a name: the name is the same as another's, once the document is written. */
const twinMark = '?';
/** Names whose twins are worth a try: those that decide what becomes of a record, and one of no meaning. */
const twins = ['_id', 'entityType', 'erased', 'salt', 'before', 'after', 'changes', 'actor', 'field', 'twin'];
const twinOf = (name: string) => name.slice(0, -1) + twinMark;

const plainNames = ['a', 'b', 'name', 'tags', 'x.y', 'twin', 'field', 'before', 'after', '0', '10', '9'];
const oddNames = [
  '',
  'Zoë',
  '$ref',
  '$id',
  '__proto__',
  'constructor',
  'toJSON',
  'length',
  '"',
  '\\',
  '\n',
  '\u{1f600}',
  '\ufb33',
];
const name = fc.oneof(
  { weight: 150, arbitrary: fc.constantFrom(...plainNames) },
  { weight: 1, arbitrary: fc.constantFrom(...oddNames, ...twins.map(twinOf)) },
);

/** Few, so that equal ones meet; some are equal only as JSON. */
const plainValue = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    1,
    2,
    new Double(1),
    Long.fromNumber(1),
    1.5,
    -0,
    1e21,
    5e-324,
    '',
  ),
  fc.constantFrom(
    'null',
    '1',
    'a',
    'Zoë',
    '"\\\n',
    '\u2028\u007f',
    '\ufeffa',
    '\ufffd',
    '\u{1f600}',
    '2026-03-01T10:00:00.000Z',
  ),
  fc.constantFrom(new Date('2026-03-01T10:00:00.000Z'), new Date(0), new Date(253_402_300_799_999)),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.toWellFormed()),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.date({ min: new Date(0), max: new Date(253_402_300_799_999), noInvalidDate: true }),
);
const oddValue = fc.constantFrom<unknown>(
  ...[
    NaN,
    Infinity,
    new Date(-1),
    new Date(253_402_300_800_000),
    new Date(NaN),
    Long.MAX_VALUE,
    Long.fromString('9007199254740992'),
  ],
  ...[
    new ObjectId('0123456789abcdef01234567'),
    Decimal128.fromString('1'),
    new Binary(Buffer.from('a')),
    /a/i,
  ],
  ...['half \ud800', deep(20), deep(40), deep(100)],
);

function deep(levels: number): unknown {
  return levels === 0 ? 1 : [{ a: deep(levels - 1) }];
}

const membersOf = (value: fc.Arbitrary<unknown>) =>
  fc.array(fc.tuple(name, value), { maxLength: 5 }).map((members) => new Map(members));
/** Whatever a member of a record could hold. */
export const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 200, arbitrary: plainValue },
    { weight: 1, arbitrary: oddValue },
    { weight: 20, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
    { weight: 30, arbitrary: membersOf(tie('value')) },
  ),
}));
const members = membersOf(value);

/** A snapshot, or whatever stands where one should. */
const snapshotOf = (shared: Map<string, unknown>) =>
  fc.oneof(
    { weight: 8, arbitrary: members.map((own) => new Map([...shared, ...own])) },
    { weight: 4, arbitrary: members.map((own) => new Map([...own, ...shared])) },
    { weight: 1, arbitrary: value },
  );

const inMap = (map: unknown, path: string): unknown => (map instanceof Map ? (map.get(path) ?? null) : null);

/** A change that the snapshots imply, or nearly, or something else. */
const changeOf = (before: unknown, after: unknown) =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: name.map(
        (field) =>
          new Map([
            ['field', field],
            ['before', inMap(before, field)],
            ['after', inMap(after, field)],
          ]),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(name, value).map(
        ([field, one]) =>
          new Map<string, unknown>([
            ['field', field],
            ['before', one],
            ['after', one],
          ]),
      ),
    },
    { weight: 1, arbitrary: value },
  );

const salt = '000102030405060708090a0b0c0d0e0f';
const openNames = ['kind', 'tenantId', 'entityType', 'entityId', 'version', 'time', 'links', 'fields', 'mac'];
const groupNames = ['actor', 'context', 'lead', 'deal'];
const inGroups = [
  'type',
  'id',
  'name',
  'role',
  'requestId',
  'authority',
  'status',
  'ownerId',
  'stage',
  'a',
  'b',
];
const group = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(fc.tuple(fc.constantFrom(...inGroups), value)).map((all) => new Map(all)),
  },
  { weight: 1, arbitrary: value },
);
const oddMember = fc.tuple(
  fc.oneof(fc.constantFrom('payloadHash', 'words', 'both.a', 'before.a', 'actor.name', 'erased'), name),
  value,
);

/** Records as nobody stores them, as BSON: most of them can be hashed all the same. */
export const oddRecord = fc
  .tuple(
    members,
    fc.array(fc.tuple(fc.constantFrom(...openNames), value)),
    fc.array(fc.tuple(fc.constantFrom(...groupNames), group)),
  )
  .chain(([shared, open, groups]) =>
    fc
      .tuple(snapshotOf(shared), snapshotOf(shared))
      .chain(([before, after]) =>
        fc.tuple(
          fc.constant([['before', before], ['after', after], ...open, ...groups] as [string, unknown][]),
          fc.oneof(
            { weight: 8, arbitrary: fc.array(changeOf(before, after), { maxLength: 3 }) },
            { weight: 1, arbitrary: value },
          ),
          fc.oneof(
            { weight: 15, arbitrary: fc.constant<unknown>(salt) },
            { weight: 1, arbitrary: fc.constantFrom(salt.slice(1), `${salt}0`, salt.toUpperCase(), 1, null) },
          ),
          fc.oneof(
            { weight: 2, arbitrary: fc.constant([]) },
            { weight: 1, arbitrary: fc.array(oddMember, { maxLength: 2 }) },
          ),
          fc.oneof(
            { weight: 10, arbitrary: fc.constantFrom('erasure', 'audit_removal', 'lead') },
            { weight: 1, arbitrary: value },
          ),
        ),
      ),
  )
  .chain(([ordinary, changes, itsSalt, odd, entityType]) =>
    fc.shuffledSubarray<[string, unknown]>(
      [
        ['_id', 'lead:1:2'],
        ['entityType', entityType],
        ['changes', changes],
        ['salt', itsSalt],
        ...ordinary,
        ...odd,
      ],
      // A record with too little or too much says the least about the rest of it: most have all but one member.
      { minLength: ordinary.length + odd.length + 3 },
    ),
  )
  .map((all) => withTwins(serialize(new Map(all))));

/** Makes twins of the names that are marked as such; they are as long as before. */
function withTwins(document: Uint8Array): Buffer {
  const bytes = Buffer.from(document);
  for (const twin of twins)
    for (let at = bytes.indexOf(`${twinOf(twin)}\0`); at >= 0; at = bytes.indexOf(`${twinOf(twin)}\0`, at))
      bytes.write(twin, at);
  return bytes;
}
