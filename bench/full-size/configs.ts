/**
 * The config files of stabilityai/stable-video-diffusion-img2vid-xt. They describe the architecture; they contain no weights.
 */
export const unet = {
  _class_name: 'UNetSpatioTemporalConditionModel',
  _diffusers_version: '0.24.0.dev0',
  addition_time_embed_dim: 256,
  block_out_channels: [320, 640, 1280, 1280],
  cross_attention_dim: 1024,
  down_block_types: [
    'CrossAttnDownBlockSpatioTemporal',
    'CrossAttnDownBlockSpatioTemporal',
    'CrossAttnDownBlockSpatioTemporal',
    'DownBlockSpatioTemporal',
  ],
  in_channels: 8,
  layers_per_block: 2,
  num_attention_heads: [5, 10, 20, 20],
  num_frames: 25,
  out_channels: 4,
  projection_class_embeddings_input_dim: 768,
  sample_size: 96,
  transformer_layers_per_block: 1,
  up_block_types: [
    'UpBlockSpatioTemporal',
    'CrossAttnUpBlockSpatioTemporal',
    'CrossAttnUpBlockSpatioTemporal',
    'CrossAttnUpBlockSpatioTemporal',
  ],
};

export const vae = {
  _class_name: 'AutoencoderKLTemporalDecoder',
  _diffusers_version: '0.24.0.dev0',
  block_out_channels: [128, 256, 512, 512],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D'],
  force_upcast: true,
  in_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  out_channels: 3,
  sample_size: 768,
  scaling_factor: 0.18215,
};

/** The config of madebyollin/taesd. */
export const tinyAutoencoder = {
  _class_name: 'AutoencoderTiny',
  act_fn: 'relu',
  decoder_block_out_channels: [64, 64, 64, 64],
  encoder_block_out_channels: [64, 64, 64, 64],
  in_channels: 3,
  latent_channels: 4,
  num_decoder_blocks: [3, 3, 3, 1],
  num_encoder_blocks: [1, 3, 3, 3],
  out_channels: 3,
  scaling_factor: 1,
  upsampling_scaling_factor: 2,
};

export const imageEncoder = {
  architectures: ['CLIPVisionModelWithProjection'],
  attention_dropout: 0,
  hidden_act: 'gelu',
  hidden_size: 1280,
  image_size: 224,
  intermediate_size: 5120,
  layer_norm_eps: 1e-5,
  model_type: 'clip_vision_model',
  num_attention_heads: 16,
  num_channels: 3,
  num_hidden_layers: 32,
  patch_size: 14,
  projection_dim: 1024,
  torch_dtype: 'float16',
};

const scheduler = {
  _class_name: 'EulerDiscreteScheduler',
  _diffusers_version: '0.24.0.dev0',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  interpolation_type: 'linear',
  num_train_timesteps: 1000,
  prediction_type: 'v_prediction',
  set_alpha_to_one: false,
  sigma_max: 700,
  sigma_min: 0.002,
  skip_prk_steps: true,
  steps_offset: 1,
  timestep_spacing: 'leading',
  timestep_type: 'continuous',
  trained_betas: null,
  use_karras_sigmas: true,
};

const featureExtractor = {
  crop_size: { height: 224, width: 224 },
  do_center_crop: true,
  do_convert_rgb: true,
  do_normalize: true,
  do_rescale: true,
  do_resize: true,
  feature_extractor_type: 'CLIPFeatureExtractor',
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_processor_type: 'CLIPImageProcessor',
  image_std: [0.26862954, 0.26130258, 0.27577711],
  resample: 3,
  rescale_factor: 1 / 255,
  size: { shortest_edge: 224 },
};

const modelIndex = {
  _class_name: 'StableVideoDiffusionPipeline',
  _diffusers_version: '0.24.0.dev0',
  feature_extractor: ['transformers', 'CLIPImageProcessor'],
  image_encoder: ['transformers', 'CLIPVisionModelWithProjection'],
  scheduler: ['diffusers', 'EulerDiscreteScheduler'],
  unet: ['diffusers', 'UNetSpatioTemporalConditionModel'],
  vae: ['diffusers', 'AutoencoderKLTemporalDecoder'],
};

/** Every JSON file of the checkpoint, by its path. */
export const configFiles: Readonly<Record<string, object>> = {
  'model_index.json': modelIndex,
  'unet/config.json': unet,
  'vae/config.json': vae,
  'image_encoder/config.json': imageEncoder,
  'scheduler/scheduler_config.json': scheduler,
  'feature_extractor/preprocessor_config.json': featureExtractor,
};

/** The JSON file of the quality `draft`, whose UNet has none. */
export const draftConfigFiles: Readonly<Record<string, object>> = { 'draft/vae/config.json': tinyAutoencoder };
