import {
  calendarEventSchema,
  calendarListQuery,
  calendarPage,
  changeCalendarEventBody,
  createCalendarEventBody,
  idParams,
} from '@pipedesk/contracts';
import { audited, notAudited, onBehalfOf, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import type { CalendarEventService } from './calendar-event.service.ts';

const onAll = { path: '/calendar/events' };
const onOne = { path: '/calendar/events/:id', params: idParams };

export const calendarEventRoutes = (service: CalendarEventService): Route[] => [
  route({
    ...onAll,
    method: 'post',
    summary: 'Create a calendar event',
    permission: 'calendar:write',
    audit: audited('calendar.event.created'),
    body: createCalendarEventBody,
    response: calendarEventSchema,
    shows: 'calendar_event',
    status: 201,
    handle: (input) => service.create(input.context, onBehalfOf(input), input.body, input.idempotencyKey),
  }),
  route({
    ...onAll,
    method: 'get',
    summary: 'List calendar events by start time',
    permission: 'calendar:read',
    audit: notAudited('reads of single pages are not changes'),
    query: calendarListQuery,
    response: calendarPage,
    shows: 'calendar_event',
    handle: ({ context, query }) => service.list(context, query),
  }),
  route({
    ...onOne,
    method: 'get',
    summary: 'Read a calendar event',
    permission: 'calendar:read',
    audit: notAudited('reads of single records are not changes'),
    response: calendarEventSchema,
    shows: 'calendar_event',
    handle: ({ context, params }) => service.get(context, params.id),
  }),
  route({
    ...onOne,
    method: 'patch',
    summary: 'Change a calendar event',
    permission: 'calendar:write',
    audit: audited('calendar.event.updated'),
    body: changeCalendarEventBody,
    response: calendarEventSchema,
    shows: 'calendar_event',
    handle: (input) => {
      const { context, params, ifMatch, body } = input;
      return service.change(context, onBehalfOf(input), params.id, { ifMatch }, body);
    },
  }),
  route({
    ...onOne,
    method: 'delete',
    summary: 'Delete a calendar event (soft)',
    permission: 'calendar:write',
    audit: audited('calendar.event.deleted'),
    response: z.void(),
    status: 204,
    handle: ({ context, params, ifMatch }) => service.remove(context, params.id, { ifMatch }),
  }),
];
