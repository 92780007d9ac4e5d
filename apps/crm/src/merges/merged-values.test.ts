import { describe, expect, it } from '@jest/globals';
import type { Contact } from '@pipedesk/contracts';
import { requireMergeable, withValuesOf } from './merged-values.ts';

function buildContact(fields: Partial<Contact> = {}): Contact {
  return {
    id: '019b0000-0000-7000-8000-000000000001',
    version: 1,
    createdAt: '2026-03-01T09:30:00.000Z',
    updatedAt: '2026-03-01T09:30:00.000Z',
    name: 'Grace Hopper',
    title: null,
    emails: [],
    phones: [],
    companyId: null,
    customFields: {},
    mergedInto: null,
    ownerId: null,
    teamId: null,
    ...fields,
  };
}

const email = (address: string, primary = false) => ({ address, label: null, primary });
const companyId = '019b0000-0000-7000-8000-000000000002';

describe('withValuesOf', () => {
  it('keeps what a contact has and fills its gaps with what the other has', () => {
    const contact = buildContact({ title: 'Admiral', emails: [email('a@x.example', true)] });
    const other = buildContact({
      name: 'G. Hopper',
      title: 'Captain',
      companyId,
      emails: [email('b@x.example', true), email('a@x.example')],
      phones: [{ number: '555', label: 'desk' }],
      customFields: { region: 'East' },
      ownerId: companyId,
    });
    expect(withValuesOf(contact, other)).toEqual({
      ...contact,
      companyId,
      emails: [email('a@x.example', true), email('b@x.example')],
      phones: other.phones,
      customFields: { region: 'East' },
    });
  });

  it('takes the other’s primary address when the contact has none', () => {
    const emails = [email('a@x.example'), email('b@x.example', true)];
    expect(withValuesOf(buildContact(), buildContact({ emails })).emails).toEqual(emails);
  });

  it('is the same done twice', () => {
    const other = buildContact({ emails: [email('b@x.example', true)], customFields: { a: 'other' } });
    const once = withValuesOf(buildContact({ customFields: { a: 'own' } }), other);
    expect(once.customFields).toEqual({ a: 'own' });
    expect(withValuesOf(once, other)).toEqual(once);
  });
});

describe('requireMergeable', () => {
  const many = (prefix: string) =>
    Array.from({ length: 15 }, (_, n) => email(`${prefix}${n}@x.example`, n === 0));

  it('refuses what is too much for one contact and names the field', () => {
    const [contact, other] = [buildContact({ emails: many('a') }), buildContact({ emails: many('b') })];
    expect(() => requireMergeable(contact, [other], {})).toThrow(
      expect.objectContaining({
        status: 422,
        code: 'merge_invalid',
        options: expect.objectContaining({ errors: [expect.objectContaining({ path: 'fields.emails' })] }),
      }),
    );
    expect(() => requireMergeable(contact, [other], { emails: many('a') })).not.toThrow();
  });
});
