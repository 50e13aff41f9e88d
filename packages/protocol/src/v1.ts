/** The public API, `cinematica.v1`. The messages and service descriptors also run in browsers. */
export * from './gen/cinematica/v1/capabilities_pb.ts';
export * from './gen/cinematica/v1/error_reason_pb.ts';
export * from './gen/cinematica/v1/provenance_service_pb.ts';
export * from './gen/cinematica/v1/push_service_pb.ts';
export * from './gen/cinematica/v1/settings_pb.ts';
export * from './gen/cinematica/v1/video_pb.ts';
export * from './gen/cinematica/v1/video_service_pb.ts';
