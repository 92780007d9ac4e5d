import { activityPage, activityQuery, noteItem, timelineParams } from '@pipedesk/contracts';
import { notAudited, type Route, route } from '@pipedesk/service-kit';
import type { NoteService } from '../notes/note.service.ts';

/** The notes of a record as timeline items: one of the feeds the gateway merges while the projection is down. */
export const activityRoutes = (notes: NoteService): Route[] => [
  route({
    method: 'get',
    path: '/internal/activity/:entityType/:entityId',
    summary: 'Notes of a record as timeline items',
    permission: 'timeline:read',
    audit: notAudited('reads of single pages are not changes'),
    params: timelineParams,
    query: activityQuery,
    response: activityPage,
    shows: 'timeline_item',
    handle: async ({ context, params, query }) => {
      const found = await notes.newest(context, params, query);
      return { items: found.map(noteItem) };
    },
  }),
];
