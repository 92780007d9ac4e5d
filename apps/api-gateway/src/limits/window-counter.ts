interface CounterOptions {
  /** Length of the window, ms. */
  window: number;
  /** Keys counted at a time. Beyond it the oldest is forgotten: a flood of keys must cost neither memory nor admission. */
  capacity?: number;
  clock?: () => number;
}

/** What one process has counted in one window and not told the others yet. */
export interface Changes {
  /** Number of the window since 1970. */
  index: number;
  counts: Map<string, number>;
}

export interface WindowCounter {
  /** Length of the window, ms. */
  window: number;
  /** Events of the key in the window that ends now. */
  used(key: string): number;
  /** @param count so many events at once */
  add(key: string, count?: number): void;
  /** Milliseconds until one more event leaves the sum within the quota; 0 when it does now. */
  waitFor(key: string, quota: number): number;
  /** Milliseconds until the next window begins. */
  rest(): number;
  /** Begins with the first call to keep what is added; each call hands it over. */
  takeChanges(): Changes[];
  /** Takes over what all processes have counted of a key, unless more is known here. */
  merge(index: number, key: string, total: number): void;
}

/**
 * Counts events per key in a sliding window, estimated from two fixed ones: the present one whole, the last one by the
 * share of it that the window still covers. Two numbers a key, no timers, nothing to await.
 */
export function createWindowCounter(options: CounterOptions): WindowCounter {
  const { window, capacity = 100_000, clock = Date.now } = options;
  let index = Math.floor(clock() / window);
  let current = new Map<string, number>();
  let previous = new Map<string, number>();
  let isShared = false;
  let unsent = new Map<string, number>();
  let ended: Changes[] = [];

  /** The time; windows that are over by then are put behind. */
  function turn(): number {
    const now = clock();
    const at = Math.floor(now / window);
    if (at === index) return now;
    previous = at === index + 1 ? current : new Map<string, number>();
    current = new Map();
    if (unsent.size > 0) ended.push({ index, counts: unsent });
    unsent = new Map();
    index = at;
    return now;
  }

  function increase(counts: Map<string, number>, key: string, by: number): void {
    const count = counts.get(key);
    if (count === undefined) forgetOldest(counts);
    counts.set(key, (count ?? 0) + by);
  }

  function forgetOldest(counts: Map<string, number>): void {
    if (counts.size < capacity) return;
    const [oldest] = counts.keys();
    if (oldest !== undefined) counts.delete(oldest);
  }

  function usedAt(now: number, key: string): number {
    const last = previous.get(key) ?? 0;
    const present = current.get(key) ?? 0;
    return last === 0 ? present : present + last * (1 - (now % window) / window);
  }

  return {
    window,
    used: (key) => usedAt(turn(), key),
    add: (key, count = 1) => {
      turn();
      increase(current, key, count);
      if (isShared) increase(unsent, key, count);
    },
    waitFor: (key, quota) => {
      const now = turn();
      if (usedAt(now, key) + 1 <= quota) return 0;
      const elapsed = now % window;
      const present = current.get(key) ?? 0;
      // The share of a window that has to pass until what fades leaves room for one more.
      const share = (fading: number, staying: number) => 1 - Math.max(0, quota - 1 - staying) / fading;
      if (present + 1 <= quota) return window * share(previous.get(key) ?? 0, present) - elapsed;
      return window - elapsed + window * Math.max(0, share(present, 0));
    },
    rest: () => window - (turn() % window),
    takeChanges: () => {
      turn();
      isShared = true;
      const changes = unsent.size > 0 ? [...ended, { index, counts: unsent }] : ended;
      ended = [];
      unsent = new Map();
      return changes;
    },
    merge: (at, key, total) => {
      turn();
      if (at === index) {
        if (!current.has(key)) forgetOldest(current);
        current.set(key, Math.max(current.get(key) ?? 0, total + (unsent.get(key) ?? 0)));
      } else if (at === index - 1) previous.set(key, Math.max(previous.get(key) ?? 0, total));
    },
  };
}
