import { activityPage, calendarPage, timelinePage } from '@pipedesk/contracts';
import type { Registry } from '@pipedesk/service-kit';
import { z } from 'zod';
import type { ServiceUrls } from '../edge/services.ts';
import { createSourceCall } from './source-call.ts';

/** The services whose activity feeds make a live timeline. */
export const feedNames = ['crm', 'calendar-sync', 'audit'] as const;
export type FeedName = (typeof feedNames)[number];

export type TimelineSources = ReturnType<typeof createTimelineSources>;

interface SourcesOptions {
  services: ServiceUrls;
  metrics: Registry;
  /** Longest any source may take, ms. */
  timeout: number;
}

/** Every read a timeline is put together from. */
export function createTimelineSources({ services, metrics, timeout }: SourcesOptions) {
  const rest = { metrics, timeout };
  const feedOf = (name: FeedName) =>
    createSourceCall({ ...rest, name: `${name} activity`, url: services[name], schema: activityPage });
  return {
    record: createSourceCall({
      ...rest,
      name: 'crm record',
      url: services.crm,
      schema: z.looseObject({ id: z.string() }),
    }),
    page: createSourceCall({ ...rest, name: 'timeline page', url: services.timeline, schema: timelinePage }),
    upcoming: createSourceCall({
      ...rest,
      name: 'calendar-sync upcoming',
      url: services['calendar-sync'],
      schema: calendarPage,
    }),
    feeds: {
      crm: feedOf('crm'),
      'calendar-sync': feedOf('calendar-sync'),
      audit: feedOf('audit'),
    } satisfies Record<FeedName, unknown>,
  };
}
