/**
 * From PostgreSQL's SQLSTATE to MongoDB's code. The engine's own states are `Mxxxx`, an ordinal in base 36; the ordinals below are
 * those a client can be expected to act on or a test to name. The rest are mistakes in a request and become BadValue.
 */
const ENGINE_CODES = new Map<string, number>([
  ['M0000', 1],
  ['M0001', 2],
  ['M0002', 5],
  ['M0003', 9],
  ['M0004', 14],
  ['M0005', 15],
  ['M0006', 20],
  ['M0008', 26],
  ['M0009', 27],
  ['M000A', 28],
  ['M000D', 40],
  ['M000E', 43],
  ['M000F', 48],
  ['M000G', 52],
  ['M000H', 53],
  ['M000I', 54],
  ['M000J', 56],
  ['M000K', 57],
  ['M000M', 66],
  ['M000N', 67],
  ['M000O', 68],
  ['M000P', 72],
  ['M000Q', 73],
  ['M000R', 85],
  ['M000S', 86],
  ['M000T', 111],
  ['M000U', 115],
  ['M000W', 146],
  ['M000X', 159],
  ['M000Y', 165],
  ['M000Z', 166],
  ['M0010', 167],
  ['M0011', 181],
  ['M0012', 197],
  ['M0015', 241],
  ['M0016', 263],
  ['M0017', 276],
  ['M001B', 10334],
  ['M001C', 11000],
  ['M001O', 15958],
  ['M001R', 15976],
  ['M001S', 15981],
  ['M002G', 16804],
  ['M0034', 17124],
  ['M0035', 67],
  ['M003A', 17419],
  ['M003B', 17420],
  ['M0053', 31119],
  ['M0057', 31250],
  ['M0058', 31253],
  ['M0059', 31254],
  ['M005E', 31325],
  ['M006M', 40081],
  ['M007R', 40319],
  ['M007T', 40323],
  ['M007U', 40324],
  ['M007V', 40352],
  ['M0087', 40414],
  ['M0088', 40415],
  ['M009H', 51091],
  ['M00CO', 121],
  ['M00DO', 16],
  ['M00EL', 143],
  ['M00ER', 13],
  ['M00EX', 50],
  ['M00EY', 59],
  ['M00F1', 112],
  ['M00F2', 117],
  ['M00F4', 201],
  ['M00F6', 251],
]);

const POSTGRES_CODES = new Map<string, number>([
  ['23505', 11000],
  ['23P01', 11000],
  ['40001', 112],
  ['40P01', 112],
  ['55P03', 112],
  ['57014', 11601],
  ['0A000', 115],
  ['42501', 13],
  ['53100', 14031],
  ['53200', 146],
]);

const BAD_VALUE = 2;
const INTERNAL_ERROR = 1;

/** MongoDB's code for a SQLSTATE; states of neither the engine nor the table are internal errors. */
export function codeOfSqlState(state: string): number {
  return (
    ENGINE_CODES.get(state) ??
    POSTGRES_CODES.get(state) ??
    (state.startsWith('M') ? BAD_VALUE : INTERNAL_ERROR)
  );
}

/** Inside `writeErrors` the engine leaves PostgreSQL's packed form of a SQLSTATE: five characters of six bits, each minus `0`. */
export function unpackSqlState(packed: number): string {
  const characters = [0, 6, 12, 18, 24].map((shift) => String.fromCharCode(48 + ((packed >> shift) & 63)));
  return characters.join('');
}
