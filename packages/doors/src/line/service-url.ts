/** Where a service is and who comes there, as the server reads it out of the operator's URL; the door of brokers' URLs makes the same. */

export interface ServiceHost {
  /** A name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface ServiceUrl {
  /** With its colon: `redis:`. */
  readonly scheme: string;
  readonly user?: string;
  readonly password?: string;
  /** Tried in turn, at least one. */
  readonly hosts: readonly ServiceHost[];
  /** What stands behind the hosts, decoded, without the slash: RabbitMQ's virtual host, the name of a sentinel's primary. */
  readonly path?: string;
}
