import { z } from 'zod';
import { lineSchema } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import {
  customFieldsSchema,
  maskedFields,
  ownedFields,
  ownerQuery,
  patchOf,
  recordFields,
} from './record.ts';

const fields = {
  name: lineSchema(200),
  domain: lineSchema(253).nullable(),
  industry: lineSchema(120).nullable(),
  employees: z.int().min(0).max(10_000_000).nullable(),
  foundedYear: z.int().min(1000).max(2100).nullable(),
  location: lineSchema(200).nullable(),
  customFields: customFieldsSchema,
};

export const companySchema = z.object({ ...recordFields, ...fields, ...ownedFields, ...maskedFields });
export type Company = z.infer<typeof companySchema>;

export const createCompanyBody = z.strictObject({
  name: fields.name,
  domain: fields.domain.default(null),
  industry: fields.industry.default(null),
  employees: fields.employees.default(null),
  foundedYear: fields.foundedYear.default(null),
  location: fields.location.default(null),
  customFields: fields.customFields.default({}),
});
export type NewCompany = z.infer<typeof createCompanyBody>;

export const restorableCompany = z.strictObject(fields);
export const changeCompanyBody = patchOf(restorableCompany);
export const companyListQuery = z.strictObject({
  ...pageQuery,
  ownerId: ownerQuery.optional(),
  name: lineSchema(200).optional(),
});
export const companyPage = pageOf(companySchema);
export type CompanyPatch = z.infer<typeof changeCompanyBody>;
export type CompanyListQuery = z.infer<typeof companyListQuery>;
