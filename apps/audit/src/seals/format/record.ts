/** A value that was erased: what it was committed to as, and the erasure that did it. */
export interface ErasedValue {
  path: string;
  commitment: string;
  by: string;
}

/** What a record keeps once values of it are erased: their commitments, and single salts for the values that stay. */
export interface Erased {
  values: ErasedValue[];
  salts: { path: string; salt: string }[];
}

/**
 * A record as it is stored, or as a line of an export: the same JSON. Members that this type does not name count too:
 * whatever is added to a record is part of its leaf.
 */
export interface SealableRecord {
  _id: string;
  tenantId: string;
  /** 16 random bytes in hex: without them a commitment to a guessable value would tell it. Gone once values are erased. */
  salt?: string;
  /** What the service stored, by its own word: a keyed hash that the database's owner cannot make. */
  mac?: string;
  erased?: Erased;
}

/** A record whose shape does not allow a leaf, such as one without its salts. */
export class UnverifiableRecord extends Error {
  override name = 'UnverifiableRecord';
}
