/** The API of the stages, `cinematica.stages.v1`. */
export * from './gen/cinematica/stages/v1/conditioning_pb.ts';
export * from './gen/cinematica/stages/v1/decoder_service_pb.ts';
export * from './gen/cinematica/stages/v1/denoiser_service_pb.ts';
export * from './gen/cinematica/stages/v1/encoder_service_pb.ts';
export * from './gen/cinematica/stages/v1/muxer_service_pb.ts';
export * from './gen/cinematica/stages/v1/tensor_pb.ts';
