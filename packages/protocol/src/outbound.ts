/** The API of the outbound service, `cinematica.outbound.v1`. */
export * from './gen/cinematica/outbound/v1/outbound_service_pb.ts';
