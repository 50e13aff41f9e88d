/** Where a system is looked at. */
export interface ObservePorts {
  /** Of the page that shows metrics and traces, and takes the traces. */
  readonly page: number;
  readonly prometheus: number;
  readonly grafana: number;
}

/** How many they are. */
export const OBSERVE_PORTS = 3;

/** Those that come after the system's own: two systems of one machine don't get in each other's way. */
export const observePorts = (port: number): ObservePorts => ({
  page: port + 1,
  prometheus: port + 2,
  grafana: port + 3,
});
