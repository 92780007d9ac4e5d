import type { Role } from '@pipedesk/contracts';
import type { Door, Sent } from './wire.ts';
import type { Member, RecordType, World } from './world.ts';

/** A: every record of the tenant. T: the team's and one's own. O: one's own. -: never. */
export type Reach = 'A' | 'T' | 'O' | '-';
export const roleOrder = ['viewer', 'sales', 'manager', 'admin'] as const satisfies Role[];
export type Reaches = Record<Role, Reach>;

/** Whose record a request is about. */
export const relations = ['own', 'team', 'other', 'foreign'] as const;
export type Relation = (typeof relations)[number];

/** What of a route is tried: on one record, on a list that shows records or not, or on neither. */
export interface Row {
  /** As in the service's own description, e.g. `GET /deals/{id}`. */
  route: string;
  doors: Door[];
  reaches: Reaches;
  /** The answer when allowed. */
  status: number;
  /** The answer when the role may, but not on this record; 403 unless told. */
  refused?: number;
  /** Who may at all, where that is wider than `reaches`: the record's state decides then. */
  gate?: Reaches;
  /** The answer about another tenant's record, where it is none of 404 and `refused`. */
  foreign?: Partial<Record<Role, number>>;
  /** The record the request is about; without one there is one cell per role. */
  about?: RecordType | 'users';
  /** A list: cells say whether the record is on it. */
  isList?: boolean;
  request(input: RequestInput): Partial<Sent> | Promise<Partial<Sent>>;
}

export interface RequestInput {
  world: World;
  caller: Member;
  /** The record's id, and its owner. */
  id: string;
  owner: Member;
}

/** Routes whose answer does not depend on who asks. */
export interface OpenRow {
  route: string;
  door: Door;
  access: 'public' | 'services';
  /** With an empty body and no token: bad input is looked at, so nobody was asked for a token. */
  status: number;
}

export const reach = (viewer: Reach, sales: Reach, manager: Reach, admin: Reach): Reaches => ({
  viewer,
  sales,
  manager,
  admin,
});
export const edge = (door: Door): Door[] => [door, 'api-gateway'];

/** The reference's row for each resource, written down apart from the rule table: a change of that one shows here. */
export const matrix = {
  read: reach('A', 'T', 'A', 'A'),
  create: reach('-', 'A', 'A', 'A'),
  edit: reach('-', 'O', 'T', 'A'),
  delete: reach('-', '-', 'T', 'A'),
  editNotes: reach('-', 'O', 'O', 'O'),
  deleteNotes: reach('-', 'O', 'T', 'A'),
  imports: reach('-', '-', 'T', 'A'),
  calendarRead: reach('-', 'T', 'A', 'A'),
  auditRead: reach('-', 'O', 'T', 'A'),
  everybody: reach('A', 'A', 'A', 'A'),
  admins: reach('-', '-', '-', 'A'),
};

/** Routes that are about no record here: each role is let in or not, and the first thing then said is the status. */
export function gateRow(
  route: string,
  service: Door,
  reaches: Reaches,
  status: number,
  sent: Partial<Sent> = {},
): Row {
  return { route, doors: edge(service), reaches, status, request: () => sent };
}

export const nobodys = '019b0000-0000-7000-8000-000000000000';
export const empty = { body: {} };
