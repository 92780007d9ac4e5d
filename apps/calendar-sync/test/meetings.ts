/** The body of a valid `POST /calendar/events`: half an hour at the given time. */
export function buildMeeting(overrides: Record<string, unknown> & { startsAt?: string } = {}) {
  const startsAt = overrides.startsAt ?? '2026-03-01T09:00:00.000Z';
  const endsAt = new Date(Date.parse(startsAt) + 30 * 60_000).toISOString();
  return { title: 'Demo of the product', endsAt, ...overrides, startsAt };
}
