/** The signs that JSON and CSV are made of, as bytes. */
export const quote = 0x22;
export const dollar = 0x24;
export const apostrophe = 0x27;
export const comma = 0x2c;
export const point = 0x2e;
export const zero = 0x30;
export const colon = 0x3a;
export const letterT = 0x54;
export const letterZ = 0x5a;
export const openArray = 0x5b;
export const backslash = 0x5c;
export const closeArray = 0x5d;
export const openObject = 0x7b;
export const closeObject = 0x7d;
export const newLine = 0x0a;
