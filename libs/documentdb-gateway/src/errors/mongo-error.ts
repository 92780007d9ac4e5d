import { serialize } from 'bson';

const CODE_NAMES = new Map<number, string>([
  [1, 'InternalError'],
  [2, 'BadValue'],
  [9, 'FailedToParse'],
  [13, 'Unauthorized'],
  [14, 'TypeMismatch'],
  [15, 'Overflow'],
  [16, 'InvalidLength'],
  [20, 'IllegalOperation'],
  [26, 'NamespaceNotFound'],
  [27, 'IndexNotFound'],
  [28, 'PathNotViable'],
  [40, 'ConflictingUpdateOperators'],
  [43, 'CursorNotFound'],
  [48, 'NamespaceExists'],
  [50, 'MaxTimeMSExpired'],
  [52, 'DollarPrefixedFieldName'],
  [53, 'InvalidIdField'],
  [54, 'NotSingleValueField'],
  [56, 'EmptyFieldName'],
  [57, 'DottedFieldName'],
  [59, 'CommandNotFound'],
  [66, 'ImmutableField'],
  [67, 'CannotCreateIndex'],
  [68, 'IndexAlreadyExists'],
  [72, 'InvalidOptions'],
  [73, 'InvalidNamespace'],
  [85, 'IndexOptionsConflict'],
  [86, 'IndexKeySpecsConflict'],
  [96, 'OperationFailed'],
  [111, 'NotExactValueField'],
  [112, 'WriteConflict'],
  [115, 'CommandNotSupported'],
  [117, 'ConflictingOperationInProgress'],
  [121, 'DocumentValidationFailure'],
  [143, 'CursorInUse'],
  [146, 'ExceededMemoryLimit'],
  [159, 'DurationOverflow'],
  [165, 'ViewDepthLimitExceeded'],
  [166, 'CommandNotSupportedOnView'],
  [167, 'OptionNotSupportedOnView'],
  [181, 'AmbiguousIndexKeyPattern'],
  [197, 'InvalidIndexSpecificationOption'],
  [201, 'CannotBuildIndexKeys'],
  [225, 'TransactionTooOld'],
  [241, 'ConversionFailure'],
  [251, 'NoSuchTransaction'],
  [256, 'TransactionCommitted'],
  [263, 'OperationNotSupportedInTransaction'],
  [276, 'IndexBuildAborted'],
  [10334, 'BSONObjectTooLarge'],
  [11000, 'DuplicateKey'],
  [11600, 'InterruptedAtShutdown'],
  [11601, 'Interrupted'],
  [14031, 'OutOfDiskSpace'],
]);

/** A command's failure as the client sees it: MongoDB's code and name, and the labels drivers act on. */
export class MongoError extends Error {
  readonly code: number;
  readonly labels: string[];
  readonly extra: Record<string, unknown>;

  constructor(code: number, message: string, labels: string[] = [], extra: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.labels = labels;
    this.extra = extra;
  }
}

/** MongoDB's name for a code; codes raised at one place in its source are called `Location<code>`. */
function codeName(code: number): string {
  return CODE_NAMES.get(code) ?? `Location${code}`;
}

/** The reply document of a failed command. */
export function errorReply(error: MongoError): Buffer {
  const { code, message, labels, extra } = error;
  const document = { ok: 0, errmsg: message, code, codeName: codeName(code), ...extra };
  return Buffer.from(serialize(labels.length > 0 ? { ...document, errorLabels: labels } : document));
}
