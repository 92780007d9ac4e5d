/** Lets a fault test hurt the broker and heal it again, with the same data and ports. */
export interface BrokerControl {
  /** The process id of the broker itself. Under Docker there is none on this side: throws. */
  pid(): number;
  /** Kills the broker at once (SIGKILL) and waits until it is gone. */
  kill(): Promise<void>;
  /** Stops it in order. */
  stop(): Promise<void>;
  /** Starts it again; resolves when it answers. */
  start(): Promise<void>;
  /** Suspends it (SIGSTOP): sockets stay open and nothing answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** @returns what the command printed */
  rabbitmqctl(...args: string[]): Promise<string>;
}

/** Lets a fault test hurt the database and heal it again, with the same data and ports. */
export interface DatabaseControl {
  /** Process ids of the server and, where there is one, of the wire-protocol gateway in front of it. */
  pids(): { server: number; gateway?: number };
  /** Kills the database server with all its workers (SIGKILL), as a power cut would, and waits until they are gone. */
  killServer(): Promise<void>;
  startServer(): Promise<void>;
  /** Kills the gateway alone; its clients see their connections drop. With a real MongoDB this is the server. */
  killGateway(): Promise<void>;
  startGateway(): Promise<void>;
  /** Suspends the database server. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}
