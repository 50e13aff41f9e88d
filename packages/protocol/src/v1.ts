/** The public API, `cinematica.v1`: messages and service descriptors that run in browsers, too. */
export * from './gen/cinematica/v1/capabilities_pb.ts';
export * from './gen/cinematica/v1/error_reason_pb.ts';
export * from './gen/cinematica/v1/settings_pb.ts';
export * from './gen/cinematica/v1/video_pb.ts';
export * from './gen/cinematica/v1/video_service_pb.ts';
